"""Structural similarity over five scales."""

from __future__ import annotations

import numpy as np

from ralhe.metrics.images import Image, checked
from ralhe.metrics.ssim import channel_similarity
from ralhe.metrics.ssim_kernels import RADIUS

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the scales, fine to coarse."""

LARGEST_WITHOUT = 160
"""Pixels. Halved four times, a shorter side up to this leaves no room for an 11-pixel window at the last scale."""


def ms_ssim(reference: Image, image: Image) -> float | None:
    """MS-SSIM of image [H, W, 3] against reference, both in [0, 1]; 1 is equal, None for a shorter side <= 160 pixels.

    Wang et al., "Multiscale structural similarity for image quality assessment" (2003), equation 7: contrast and
    structure at five scales, luminance at the coarsest, windows that lie whole within the image, negative means cut
    to zero, the product by channel and then its mean. Raises ValueError for arrays that are no such images.
    """
    reference, image = checked(reference, image)
    if min(image.shape[:2]) <= LARGEST_WITHOUT:
        return None
    product = np.ones(3)
    for scale, weight in enumerate(WEIGHTS):
        if scale > 0:
            reference, image = _halved(reference), _halved(image)
        whole, structural = channel_similarity(reference, image, margin=RADIUS)
        product *= np.maximum(whole if scale == len(WEIGHTS) - 1 else structural, 0) ** weight
    return float(product.mean())


def _halved(image: Image) -> Image:
    """[ceil(H / 2), ceil(W / 2), 3] means of 2 x 2 pixels.

    A black row or column goes before an odd number of them: the paper leaves that open, and this is how the
    implementations in use pad, so that values compare.
    """
    height, width, _ = image.shape
    even = np.pad(image, ((height % 2, 0), (width % 2, 0), (0, 0)))
    rows = even[0::2] + even[1::2]
    return np.float32(0.25) * (rows[:, 0::2] + rows[:, 1::2])
