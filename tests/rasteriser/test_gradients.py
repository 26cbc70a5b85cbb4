"""Pictures and gradients against float64 automatic differentiation and finite differences."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
import torch
from torch import Tensor

from ralhe.cameras.camera import Camera
from ralhe.rasteriser import Splats, render
from ralhe.rasteriser.covariance import covariances
from tests.rasteriser.reference_rasteriser import draw

NAMES = ("means", "covariances", "opacities", "sh")


def camera(width: int = 37, height: int = 21, fov: float = 0.9) -> Camera:
    return Camera.looking_at(
        np.array([0.3, -0.2, -3.0]), np.zeros(3), np.array([0.1, -1.0, 0.0]), fov=fov, width=width, height=height
    )


def cloud(n: int, degree: int, seed: int, spread: float = 0.6, size: float = 0.15) -> list[Tensor]:
    """means, scales, rotations, opacities and sh of n random Gaussians, float32."""
    rng = np.random.default_rng(seed)
    arrays = (
        rng.normal(0, spread, (n, 3)),
        size * np.exp(rng.normal(0, 0.6, (n, 3))),
        rng.normal(0, 1, (n, 4)),
        rng.uniform(0.05, 0.97, n),
        rng.normal(0, 0.4, (n, (degree + 1) ** 2, 3)),
    )
    return [torch.tensor(a, dtype=torch.float32) for a in arrays]


def inputs(n: int, degree: int, seed: int, **options: float) -> list[Tensor]:
    means, scales, rotations, opacities, sh = cloud(n, degree, seed, **options)
    return [means, covariances(scales, rotations), opacities, sh]


def splats_of(tensors: Iterable[Tensor], antialiased: bool = False) -> Splats:
    means, shapes, opacities, sh = tensors
    return Splats(means, shapes, opacities, sh, antialiased)


def both(
    tensors: list[Tensor], view: Camera, background: Tensor, antialiased: bool
) -> tuple[list[Tensor], list[Tensor]]:
    """Picture and gradients of a random functional: the kernels', the oracle's."""
    torch.manual_seed(0)
    pull = torch.randn(view.height, view.width, 4, dtype=torch.float64)
    ours = [t.clone().requires_grad_() for t in tensors]
    rendered = render(splats_of(ours, antialiased), view, background=background)
    image = torch.cat([rendered.colour, rendered.alpha[..., None]], -1)
    slopes = torch.autograd.grad((image.double() * pull).sum(), ours)
    theirs = [t.double().requires_grad_() for t in tensors]
    oracle = draw(theirs, view, background.double(), antialiased)
    wanted = torch.autograd.grad((oracle * pull).sum(), theirs)
    return [image.detach().double(), *(slope.double() for slope in slopes)], [oracle.detach(), *wanted]


def assert_close(got: list[Tensor], wanted: list[Tensor], tolerance: float = 2e-5) -> None:
    assert (got[0] - wanted[0]).abs().max() < tolerance
    for name, a, b in zip(NAMES, got[1:], wanted[1:], strict=True):
        assert (a - b).norm() <= tolerance * b.norm().clamp(min=1e-6), name


@pytest.mark.parametrize("antialiased", [False, True])
@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_gradients_of_a_cloud(degree: int, antialiased: bool) -> None:
    got, wanted = both(inputs(40, degree, degree), camera(), torch.tensor([0.2, 0.5, 0.9]), antialiased)
    assert wanted[0][..., 3].max() > 0.9
    assert_close(got, wanted)


def test_gradients_where_the_slope_of_the_projection_is_clamped() -> None:
    tensors = inputs(30, 1, 5, spread=0.3, size=0.5)
    tensors[0][:15, 0] += 1.6
    tensors[0][15:, 1] -= 1.1
    view = camera(fov=0.5)
    local = tensors[0] @ torch.tensor(view.viewmat[:3, :3]).float().T + torch.tensor(view.viewmat[:3, 3]).float()
    assert ((local[:, 0] / local[:, 2]).abs() > 1.3 * np.tan(0.25)).sum() > 5
    got, wanted = both(tensors, view, torch.zeros(3), False)
    assert wanted[1].norm() > 0
    assert_close(got, wanted)


def test_gradients_next_to_the_near_plane() -> None:
    tensors = inputs(40, 1, 6, spread=0.25, size=0.04)
    view = camera()
    tensors[0][:20] += torch.tensor(view.centre).float() + 0.25 * torch.tensor(view.viewmat[2, :3]).float()
    local = tensors[0] @ torch.tensor(view.viewmat[2, :3]).float() + float(view.viewmat[2, 3])
    assert ((local > 0) & (local < 0.2)).any() and ((local > 0.2) & (local < 0.4)).any()
    got, wanted = both(tensors, view, torch.zeros(3), False)
    assert_close(got, wanted, 1e-4)


def test_gradients_of_opaque_splats() -> None:
    """Alpha at its limit passes no gradient to opacity and shape, and pixels are done early."""
    tensors = inputs(30, 0, 7, spread=0.2, size=0.8)
    tensors[2][:] = 1.0
    got, wanted = both(tensors, camera(), torch.zeros(3), False)
    assert (wanted[0][..., 3] > 0.9998).any()
    assert_close(got, wanted, 1e-4)


@pytest.mark.parametrize("place", ["ahead", "beyond the clamped slope", "next to the near plane"])
def test_gradients_against_finite_differences(place: str) -> None:
    """Along random directions, in the float32 picture itself, of splats that reach every pixel: no edge moves."""
    tensors = inputs(12, 3, 8, spread=0.1, size=4.0)
    view = camera(fov=0.5 if place == "beyond the clamped slope" else 0.9)
    tensors[2] *= 0.4
    right, forward = (torch.tensor(view.viewmat[axis, :3]).float() for axis in (0, 2))
    if place == "beyond the clamped slope":
        tensors[0] += 1.6 * right
    elif place == "next to the near plane":
        tensors[0] += (0.5 - float(view.viewmat[2, 3])) * forward
    depths = tensors[0] @ forward + float(view.viewmat[2, 3])
    slopes = (tensors[0] @ right + float(view.viewmat[0, 3])) / depths
    assert depths.min() > 0.21 and (depths.max() < 0.8) == (place == "next to the near plane")
    assert (slopes.max() > 1.3 * np.tan(0.25)) == (place == "beyond the clamped slope"), slopes
    torch.manual_seed(1)
    pull = torch.randn(view.height, view.width, 3)
    leaves = [t.clone().requires_grad_() for t in tensors]
    gradients = torch.autograd.grad((render(splats_of(leaves), view).colour * pull).sum(), leaves)
    for position, name in enumerate(NAMES):
        direction = torch.randn_like(tensors[position]) * tensors[position].abs()
        step = 3e-4
        values = []
        for sign in (1, -1):
            moved = [t.clone() for t in tensors]
            moved[position] += sign * step * direction
            values.append(float((render(splats_of(moved), view).colour.double() * pull).sum()))
        slope = float((gradients[position] * direction).sum())
        assert (values[0] - values[1]) / (2 * step) == pytest.approx(slope, rel=0.02, abs=0.02), name


def test_gradients_of_scales_and_rotations() -> None:
    _, scales, rotations, *_ = cloud(50, 0, 9)
    pull = torch.randn(50, 6, dtype=torch.float64)
    ours = scales.clone().requires_grad_(), (3 * rotations).requires_grad_()
    out = covariances(*ours)
    slopes = torch.autograd.grad((out.double() * pull).sum(), ours)
    s, q = scales.double().requires_grad_(), (3 * rotations.double()).requires_grad_()
    w, x, y, z = (q / q.norm(dim=-1, keepdim=True)).unbind(-1)
    rows = [
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    m = torch.stack(rows, -1).reshape(-1, 3, 3) * s[:, None, :]
    wanted = (m @ m.transpose(1, 2)).reshape(-1, 9)[:, [0, 1, 2, 4, 5, 8]]
    by_scales, by_rotations = torch.autograd.grad((wanted * pull).sum(), (s, q))
    torch.testing.assert_close(out.double(), wanted.detach(), rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(slopes[0].double(), by_scales, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(slopes[1].double(), by_rotations, rtol=1e-4, atol=1e-6)


def test_a_quaternion_of_zero_rotates_by_nothing() -> None:
    scales = torch.tensor([[1.0, 2.0, 3.0]], requires_grad=True)
    rotations = torch.zeros(1, 4, requires_grad=True)
    out = covariances(scales, rotations)
    slope = torch.autograd.grad(out.sum(), rotations)[0]
    assert out.tolist() == [[1, 0, 0, 4, 0, 9]]
    assert slope.tolist() == [[0, 0, 0, 0]]


def test_what_is_not_drawn_gets_no_gradient() -> None:
    """Gaussians behind the camera, and bands above the degree asked for."""
    tensors = inputs(20, 2, 10)
    tensors[0][:10] -= 6 * torch.tensor(camera().viewmat[2, :3]).float()
    leaves = [t.requires_grad_() for t in tensors]
    slopes = torch.autograd.grad(render(splats_of(leaves), camera(), sh_degree=1).colour.sum(), leaves)
    assert all(not slope[:10].any() and slope[10:].any() for slope in slopes)
    assert not slopes[3][:, 4:].any() and slopes[3][10:, 1:4].any()


def test_second_derivatives_are_refused() -> None:
    means, scales, rotations, opacities, sh = (t.requires_grad_() for t in cloud(5, 0, 9))
    shapes = covariances(scales, rotations)
    picture = render(Splats(means, shapes, opacities, sh), camera()).colour
    for out, source in ((shapes, scales), (picture, means)):
        slope = torch.autograd.grad(out.square().sum(), source, create_graph=True)[0]
        with pytest.raises(RuntimeError, match="once_differentiable"):
            torch.autograd.backward(slope.square().sum())
