"""Pairs of images for the tests of the metrics."""

from __future__ import annotations

import numpy as np

from ralhe.metrics.images import Image


def pair(height: int, width: int, noise: float = 0.1, seed: int = 0) -> tuple[Image, Image]:
    """A smooth image with some texture and the same one with noise, float32 [H, W, 3] in [0, 1]."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = np.stack([np.sin(x / 9 + y / 31), np.cos(y / 7), np.sin((x + y) / 17)], axis=2)
    reference = 0.5 + 0.3 * waves + 0.1 * random.standard_normal((height, width, 3))
    image = reference + noise * random.standard_normal(reference.shape)
    first, second = (np.clip(pixels, 0, 1).astype(np.float32) for pixels in (reference, image))
    return first, second
