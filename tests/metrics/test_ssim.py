"""SSIM and its gradient against an independent float64 twin, at sizes from one pixel on."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from ralhe.metrics import differentiable_ssim, ssim
from ralhe.metrics.images import Image
from ralhe.metrics.ssim import similarity_by_torch
from ralhe.metrics.ssim_kernels import TILE_COLUMNS, TILE_ROWS
from tests.metrics.image_pairs import pair

SIZES = [(1, 1), (1, 40), (5, 7), (11, 11), (TILE_ROWS, TILE_COLUMNS // 3), (TILE_ROWS + 1, TILE_COLUMNS // 3 + 1)]
SIZES += [(83, 61)]  # height, width


def twin(reference: Tensor, image: Tensor) -> Tensor:
    """SSIM of float64 [H, W, 3] as the formula stands, one 11 x 11 convolution per moment and channel."""
    axis = torch.arange(11, dtype=torch.float64) - 5
    window = torch.exp(-(axis[:, None] ** 2 + axis[None] ** 2) / 4.5)
    window = (window / window.sum())[None, None]
    r, x = (pixels.permute(2, 0, 1)[:, None] for pixels in (reference, image))  # channels as a batch
    mean = [torch.nn.functional.conv2d(p, window, padding=5) for p in (r, x, r * r, x * x, r * x)]
    mr, mx = mean[:2]
    vr, vx, cov = mean[2] - mr**2, mean[3] - mx**2, mean[4] - mr * mx
    values = (2 * mr * mx + 1e-4) * (2 * cov + 9e-4) / ((mr**2 + mx**2 + 1e-4) * (vr + vx + 9e-4))
    return values.mean()


def doubles(reference: Image, image: Image) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(reference).double(), torch.from_numpy(image).double()


def slopes_of(value: Tensor, leaf: Tensor) -> npt.NDArray[np.floating]:
    return np.asarray(torch.autograd.grad(value, leaf)[0])


def gradient(reference: Image, image: Image) -> npt.NDArray[np.floating]:
    leaf = torch.from_numpy(image).requires_grad_()
    return slopes_of(differentiable_ssim(torch.from_numpy(reference), leaf), leaf)


def twin_gradient(reference: Image, image: Image) -> npt.NDArray[np.floating]:
    r, x = doubles(reference, image)
    return slopes_of(twin(r, x.requires_grad_()), x)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_value_of_the_twin(height: int, width: int) -> None:
    reference, image = pair(height, width)
    expected = float(twin(*doubles(reference, image)))
    assert ssim(reference, image) == pytest.approx(expected, abs=1e-5)
    tensors = torch.from_numpy(reference), torch.from_numpy(image)
    assert float(differentiable_ssim(*tensors)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_what_a_gpu_computes(height: int, width: int) -> None:
    """The same sums in torch's own operations: their device does not matter."""
    reference, image = pair(height, width)
    leaf = torch.from_numpy(image).requires_grad_()
    similarity = similarity_by_torch(torch.from_numpy(reference), leaf)
    assert float(similarity.detach()) == pytest.approx(float(twin(*doubles(reference, image))), abs=1e-5)
    expected = twin_gradient(reference, image)
    assert np.abs(slopes_of(similarity, leaf) - expected).max() <= 1e-3 * np.abs(expected).max()


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_gradient_of_the_twin(height: int, width: int) -> None:
    reference, image = pair(height, width)
    expected = twin_gradient(reference, image)
    assert np.abs(gradient(reference, image) - expected).max() <= 1e-4 * np.abs(expected).max()


def test_gradient_by_finite_differences() -> None:
    reference, image = pair(13, 9)
    direction = np.random.default_rng(1).standard_normal(image.shape)
    r, x = doubles(reference, image)
    step = 1e-5 * torch.from_numpy(direction)
    slope = float(twin(r, x + step) - twin(r, x - step)) / 2e-5
    assert float((gradient(reference, image) * direction).sum()) == pytest.approx(slope, rel=1e-4)


def test_upstream_gradient_scales() -> None:
    reference, image = pair(20, 20)
    leaf = torch.from_numpy(image).requires_grad_()
    loss = 0.2 * (1 - differentiable_ssim(torch.from_numpy(reference), leaf))
    np.testing.assert_allclose(slopes_of(loss, leaf), -0.2 * gradient(reference, image), rtol=1e-5, atol=1e-12)


def test_equal_images_are_exactly_one_with_no_slope() -> None:
    reference, _ = pair(70, 90)
    assert ssim(reference, reference) == 1
    assert np.abs(gradient(reference, reference)).max() < 1e-9


def test_equal_tiles_that_are_passed_over_change_nothing() -> None:
    """A patch that differs near the corner of four tiles, and a pixel alone in the last one."""
    reference, image = pair(130, 600)
    patch = np.zeros((130, 600, 1), bool)
    patch[28:34, 252:259] = patch[120, 590] = True
    image = np.where(patch, image, reference)
    expected = 1 - float(twin(*doubles(reference, image)))
    assert 1 - ssim(reference, image) == pytest.approx(expected, rel=1e-4)
    slopes = twin_gradient(reference, image)
    assert np.abs(gradient(reference, image) - slopes).max() <= 1e-4 * np.abs(slopes).max()


@pytest.mark.parametrize(("one", "other"), [(0.0, 1.0), (0.2, 0.2), (0.9, 1.0), (1.0, 1.0)])
def test_constants(one: float, other: float) -> None:
    reference, image = (np.full((24, 40, 3), value, np.float32) for value in (one, other))
    assert ssim(reference, image) == pytest.approx(float(twin(*doubles(reference, image))), abs=1e-5)


def test_nearly_equal_images_keep_their_digits() -> None:
    reference, image = pair(64, 64, noise=1e-4)
    expected = 1 - float(twin(*doubles(reference, image)))
    assert 1 - ssim(reference, image) == pytest.approx(expected, rel=1e-3)


def test_values_outside_the_range_pass_in_training() -> None:
    reference, image = pair(30, 30)
    expected = twin_gradient(reference, 1.5 * image - 0.2)
    assert np.abs(gradient(reference, 1.5 * image - 0.2) - expected).max() <= 1e-4 * np.abs(expected).max()


def test_views_count_as_their_pixels() -> None:
    reference, image = pair(40, 50)
    flipped = ssim(reference[::-1, ::-1].copy(), image[::-1, ::-1].copy())
    assert ssim(reference[::-1, ::-1], image[::-1, ::-1]) == flipped
    planes = torch.from_numpy(image.transpose(2, 0, 1).copy()).requires_grad_()
    slopes = slopes_of(differentiable_ssim(torch.from_numpy(reference), planes.permute(1, 2, 0)), planes)
    assert np.array_equal(slopes.transpose(1, 2, 0), gradient(reference, image))


def test_thread_count_changes_no_bit() -> None:
    before = numba.get_num_threads()
    if before < 2:
        pytest.skip("one thread")
    reference, image = pair(130, 300)
    try:
        results = []
        for threads in (1, 2):
            numba.set_num_threads(threads)
            results.append((ssim(reference, image), gradient(reference, image).tobytes()))
    finally:
        numba.set_num_threads(before)
    assert results[0] == results[1]


def test_gradient_goes_to_the_image_alone() -> None:
    reference, image = (torch.from_numpy(pixels).requires_grad_() for pixels in pair(8, 8))
    torch.autograd.backward(differentiable_ssim(reference, image))
    assert reference.grad is None and image.grad is not None
    assert not differentiable_ssim(reference, image.detach()).detach().requires_grad


@pytest.mark.parametrize(
    ("reference", "image", "message"),
    [
        (torch.zeros(4, 5, 3), torch.zeros(4, 6, 3), r"image has shape \(4, 6, 3\), expected \(4, 5, 3\)"),
        (torch.zeros(3, 4, 5), torch.zeros(3, 4, 5), r"reference has shape \(3, 4, 5\), expected \(height, width, 3\)"),
        (torch.zeros(4, 5, 3), torch.zeros(4, 5, 3).double(), "image holds torch.float64, expected torch.float32"),
    ],
)
def test_tensors_that_are_no_images(reference: Tensor, image: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        differentiable_ssim(reference, image)
