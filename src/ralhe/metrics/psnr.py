"""Peak signal-to-noise ratio."""

from __future__ import annotations

import math

import numpy as np

from ralhe.metrics.images import Image, checked


def psnr(reference: Image, image: Image) -> float:
    """PSNR in dB of image [H, W, 3] against reference, both in [0, 1]; inf where they are equal.

    The squared error is averaged over all pixels and channels, in double precision. Raises ValueError for arrays
    that are no such images.
    """
    reference, image = checked(reference, image)
    error = np.subtract(image, reference, dtype=np.float64).ravel()
    squares = float(error @ error)
    return 10 * math.log10(error.size / squares) if squares > 0 else math.inf
