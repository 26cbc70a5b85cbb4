"""Pictures as the report holds them."""

from __future__ import annotations

import base64
import io

import numpy as np
import PIL.Image
import pytest

from ralhe.comparison.pictures import ERROR_WHITE, LONGEST_SIDE, error_colours, error_picture, error_scale, webp


def opened(address: str) -> PIL.Image.Image:
    head, data = address.split(",")
    picture = PIL.Image.open(io.BytesIO(base64.b64decode(data)))
    assert picture.format is not None
    assert head == f"data:image/{picture.format.lower()};base64"
    return picture


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 50), (60, 40)])
def test_small_pictures_keep_their_size_and_colours(height: int, width: int) -> None:
    picture = opened(webp(np.full((height, width, 3), (200, 100, 50), np.uint8)))
    assert picture.size == (width, height)
    assert np.abs(np.asarray(picture.convert("RGB")).astype(int) - (200, 100, 50)).max() < 8


def test_large_pictures_are_shrunk() -> None:
    picture = opened(webp(np.zeros((LONGEST_SIDE // 2, 2 * LONGEST_SIDE, 3), np.uint8)))
    assert picture.size == (LONGEST_SIDE, LONGEST_SIDE // 4)
    assert opened(webp(np.zeros((1, 9999, 3), np.uint8), longest_side=100)).size == (100, 1)


def test_error_is_the_largest_of_the_channels() -> None:
    reference = np.zeros((1, 4, 3), np.uint8)
    image = reference.copy()
    image[0, 1] = (1, ERROR_WHITE // 2, 0)
    image[0, 2, 2] = ERROR_WHITE
    image[0, 3] = 255
    black, half, white, capped = error_picture(reference, image)[0]
    assert black.tolist() == [0, 0, 0]
    assert half.tolist() == error_colours()[127].tolist()
    assert white.tolist() == capped.tolist() == [255, 255, 255]
    assert (error_picture(reference, image) == error_picture(image, reference)).all()


def test_lightness_rises_evenly() -> None:
    linear = (error_colours() / 255) ** 2.2
    lightness = np.cbrt(linear @ (0.2126, 0.7152, 0.0722))
    assert lightness[0] == 0 and lightness[-1] == pytest.approx(1)
    assert (np.diff(lightness[::8]) > 0).all()
    assert np.abs(lightness - np.linspace(0, 1, 256)).max() < 0.12


def test_scale_shows_the_same_colours() -> None:
    assert (np.asarray(opened(error_scale()).convert("RGB"))[0] == error_colours()).all()
