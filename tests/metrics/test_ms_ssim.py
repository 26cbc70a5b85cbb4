"""MS-SSIM against pytorch-msssim."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pytorch_msssim import ms_ssim as oracle

from ralhe.metrics import ms_ssim
from ralhe.metrics.images import Image
from tests.metrics.image_pairs import pair


def expected(reference: Image, image: Image) -> float:
    batches = (torch.from_numpy(pixels).permute(2, 0, 1)[None].double() for pixels in (reference, image))
    return float(oracle(*batches, data_range=1.0))


@pytest.mark.parametrize(("height", "width"), [(161, 161), (176, 208), (203, 250)])
@pytest.mark.parametrize("noise", [0.02, 0.3])
def test_value_of_the_oracle(height: int, width: int, noise: float) -> None:
    reference, image = pair(height, width, noise)
    assert ms_ssim(reference, image) == pytest.approx(expected(reference, image), abs=1e-5)


def test_opposite_structure_is_zero() -> None:
    y, x = np.mgrid[:170, :170]
    reference = np.repeat(((x + y) % 2)[..., None], 3, axis=2).astype(np.float32)
    assert ms_ssim(reference, 1 - reference) == expected(reference, 1 - reference) == 0


def test_equal_images() -> None:
    reference, _ = pair(161, 170)
    assert ms_ssim(reference, reference) == pytest.approx(1, abs=1e-12)


def test_none_without_room_for_the_coarsest_window() -> None:
    assert ms_ssim(*pair(160, 400)) is None
    assert ms_ssim(*pair(400, 160)) is None
