"""PSNR in closed form, and what every metric asks of its images."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from ralhe.metrics import flip, lpips, ms_ssim, psnr, ssim
from ralhe.metrics.images import Image


def grey(value: float, height: int = 4, width: int = 6) -> Image:
    return np.full((height, width, 3), value, np.float32)


def test_error_of_one_size_everywhere() -> None:
    assert psnr(grey(0.25), grey(0.75)) == pytest.approx(20 * math.log10(2), abs=1e-12)
    assert psnr(grey(0), grey(1)) == 0


def test_sums_in_double_precision() -> None:
    expected = -20 * math.log10(float(np.float32(0.1)))
    assert psnr(grey(0, 200, 300), grey(0.1, 200, 300)) == pytest.approx(expected, abs=1e-9)


def test_equal_images() -> None:
    assert psnr(grey(0.3), grey(0.3)) == math.inf


def test_all_pixels_and_channels_share_one_mean() -> None:
    image = grey(0, 4, 5)
    image[2, 3, 1] = 0.5
    assert psnr(grey(0, 4, 5), image) == pytest.approx(10 * math.log10(60 / 0.25), abs=1e-12)


def test_smallest_difference_counts() -> None:
    image = grey(1.0)
    image[0, 0, 0] = np.nextafter(np.float32(1), np.float32(0))
    assert psnr(grey(1.0), image) == pytest.approx(10 * math.log10(image.size) + 20 * math.log10(2.0**24), abs=1e-9)


@pytest.mark.parametrize("metric", [psnr, ssim, ms_ssim, flip, lpips])
@pytest.mark.parametrize(
    ("reference", "image", "message"),
    [
        (grey(0), grey(0, 5), r"image has shape \(5, 6, 3\), expected \(4, 6, 3\)"),
        (grey(0)[..., 0], grey(0)[..., 0], r"reference has shape \(4, 6\), expected \(height, width, 3\)"),
        (grey(0)[..., :1], grey(0)[..., :1], r"reference has shape \(4, 6, 1\)"),
        (grey(0)[:0], grey(0)[:0], r"reference has shape \(0, 6, 3\)"),
        (grey(0), grey(1.5), r"image holds values from 1\.5 to 1\.5, expected \[0, 1\]"),
        (grey(-0.5), grey(0), r"reference holds values from -0\.5 to -0\.5"),
        (grey(0), grey(math.nan), "image holds values from nan to nan"),
        (grey(0).astype(np.uint8), grey(0), "reference holds uint8, expected float32"),
    ],
)
def test_what_is_no_pair_of_images(
    metric: Callable[[Image, Image], object], reference: Image, image: Image, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        metric(reference, image)
