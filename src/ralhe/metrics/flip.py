"""FLIP: the difference that a viewer sees when two images alternate."""

from __future__ import annotations

import flip_evaluator
import numpy as np

from ralhe.metrics.images import Image, checked


def flip(reference: Image, image: Image) -> float:
    """Mean LDR-FLIP of image [H, W, 3] against reference, both sRGB in [0, 1]; 0 is equal, 1 the most.

    Andersson et al., "FLIP: a difference evaluator for alternating images" (2020), at its default distance of 67
    pixels per degree. Raises ValueError for arrays that are no such images.
    """
    # The evaluator takes writeable arrays only.
    pair = (np.require(pixels, requirements=("C", "W")) for pixels in checked(reference, image))
    _, mean, _ = flip_evaluator.evaluate(*pair, "LDR", applyMagma=False, parameters={})
    return float(mean)
