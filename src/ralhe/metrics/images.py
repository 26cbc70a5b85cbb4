"""What the metrics ask of images."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.float32]  # [H, W, 3] RGB in [0, 1]


def checked(reference: Image, image: Image) -> tuple[Image, Image]:
    """Both images [H, W, 3], contiguous; raises ValueError unless they are such images of one size."""
    for name, pixels in (("reference", reference), ("image", image)):
        if pixels.dtype != np.float32:
            raise ValueError(f"{name} holds {pixels.dtype}, expected float32 in [0, 1]")
    check_shapes(reference.shape, image.shape)
    for name, pixels in (("reference", reference), ("image", image)):
        low, high = pixels.min(), pixels.max()
        if not (low >= 0 and high <= 1):
            raise ValueError(f"{name} holds values from {low} to {high}, expected [0, 1]; clip it first")
    return np.ascontiguousarray(reference), np.ascontiguousarray(image)


def check_shapes(reference: tuple[int, ...], image: tuple[int, ...]) -> None:
    """Raises ValueError unless both shapes are one [H, W, 3] of at least a pixel."""
    if len(reference) != 3 or reference[2] != 3 or 0 in reference:
        raise ValueError(f"reference has shape {tuple(reference)}, expected (height, width, 3)")
    if tuple(image) != tuple(reference):
        raise ValueError(f"image has shape {tuple(image)}, expected {tuple(reference)} as the reference has")
