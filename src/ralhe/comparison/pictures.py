"""Pictures of a report: renders as WebP, and the error between two of them in colours.

Lossy, so for looking at only: every number of a report is measured before.
"""

from __future__ import annotations

import base64
import functools
import io

import numpy as np
import numpy.typing as npt
import PIL.Image

from ralhe.comparison.quality import Image

LONGEST_SIDE = 1600  # pixels; larger pictures are shrunk
THUMBNAIL_SIDE = 120  # pixels
QUALITY = 90  # of WebP, 0 to 100
ERROR_QUALITY = 75  # noise of a few steps costs more bytes than it tells
ERROR_WHITE = 32
"""Steps of 255 that show as white."""


def webp(image: Image, *, quality: int = QUALITY, longest_side: int = LONGEST_SIDE) -> str:
    """The picture [H, W, 3] as a data: address, shrunk to `longest_side` pixels where it is larger."""
    picture = PIL.Image.fromarray(image)
    scale = longest_side / max(picture.size)
    if scale < 1:
        width, height = (max(1, round(side * scale)) for side in picture.size)
        picture = picture.resize((width, height), PIL.Image.Resampling.BOX)
    return _address(picture, "WEBP", quality=quality)


def error_picture(reference: Image, image: Image) -> Image:
    """[H, W, 3] the largest absolute difference of the three channels, black at 0, white from ERROR_WHITE."""
    difference = np.abs(reference.astype(np.int16) - image).max(axis=2)
    steps = np.minimum(difference, ERROR_WHITE) * 255 // ERROR_WHITE
    return np.asarray(error_colours()[steps])


def error_webp(reference: Image, image: Image) -> str:
    """The error picture of two pictures [H, W, 3] as a data: address."""
    return webp(error_picture(reference, image), quality=ERROR_QUALITY)


def error_scale() -> str:
    """The colours from black to white in a row, as a data: address."""
    return _address(PIL.Image.fromarray(error_colours()[None]), "PNG")


@functools.cache
def error_colours() -> Image:
    """[256, 3] sRGB from black through purple, red and yellow to white.

    Lightness rises evenly in OKLab, whose matrices are Ottosson's ("A perceptual color space for image
    processing", 2020), so equal steps of error look equally large.
    """
    lightness = np.linspace(0, 1, 256)
    chroma = 0.16 * np.sin(np.pi * lightness)
    hue = np.radians(295 + 165 * lightness)
    lab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=1)
    colours = _srgb(lab)
    colours.setflags(write=False)
    return colours


def _srgb(lab: npt.NDArray[np.float64]) -> Image:
    """[N, 3] OKLab to 8-bit sRGB, clipped where the screen has no such colour."""
    to_cone_roots = np.array([
        [1, 0.3963377774, 0.2158037573],
        [1, -0.1055613458, -0.0638541728],
        [1, -0.0894841775, -1.2914855480],
    ])  # fmt: skip
    to_linear = np.array([
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ])  # fmt: skip
    linear = np.clip((lab @ to_cone_roots.T) ** 3 @ to_linear.T, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255 * encoded), np.uint8)


def _address(picture: PIL.Image.Image, kind: str, **options: int) -> str:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"
