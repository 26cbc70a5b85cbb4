"""What each Gaussian does to a picture, against the Jacobian of the oracle."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.autograd.functional import jacobian

from ralhe.cameras.camera import Camera
from ralhe.rasteriser import Splats, render
from ralhe.rasteriser.covariance import covariances
from ralhe.rasteriser.sensitivity import influence, look
from ralhe.rasteriser.tiles import Part
from tests.rasteriser.reference_rasteriser import C0, draw


def test_influence_is_the_diagonal_of_the_jacobian_squared() -> None:
    rng = np.random.default_rng(11)
    n, size = 12, (19, 18)
    arrays = rng.normal(0, 0.4, (n, 3)), np.exp(rng.normal(-1.5, 0.5, (n, 3))), rng.normal(0, 1, (n, 4))
    means, scales, rotations = (torch.tensor(a, dtype=torch.float32) for a in arrays)
    shapes = covariances(scales, rotations)
    opacities = torch.tensor(rng.uniform(0.1, 0.9, n), dtype=torch.float32)
    sh = torch.tensor(rng.uniform(-1, 1, (n, 1, 3)), dtype=torch.float32)
    up, middle = np.array([0, -1.0, 0]), np.zeros(3)
    eyes = np.array([0, 0, -2.0]), np.array([2.0, 0, 1.0])
    views = [Camera.looking_at(eye, middle, up, fov=0.8, width=size[0], height=size[1]) for eye in eyes]
    background = torch.tensor([0.5, 0.1, 0.8])
    for view in views:
        found = look(Splats(means, shapes, opacities, sh), view, background)[1]

        def picture(o: torch.Tensor, c: torch.Tensor, view: Camera = view) -> torch.Tensor:
            return draw((means.double(), shapes.double(), o, c), view, background.double())[..., :3]

        values = opacities.double(), sh.double()
        by_opacity, by_colour = jacobian(picture, values)  # type: ignore[no-untyped-call]
        sensitivity = ((by_opacity * opacities) ** 2).sum((0, 1, 2)).float()
        visibility = ((by_colour[:, :, 0, :, 0, 0] / C0) ** 2).sum((0, 1)).float()
        np.testing.assert_allclose(found.visibility, visibility.numpy(), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(found.sensitivity, sensitivity.numpy(), rtol=1e-4, atol=1e-6)
    assert (0.5 + C0 * sh > 0).all()


def test_nothing_is_drawn_by_what_nobody_sees() -> None:
    round_one = torch.tensor([[1.0, 0, 0, 1, 0, 1]])
    behind = Splats(torch.tensor([[0.0, 0, -1]]), round_one, torch.ones(1), torch.ones(1, 1, 3))
    view = Camera(np.eye(4), np.array([[20.0, 0, 8], [0, 20, 8], [0, 0, 1]]), 16, 16)
    found = look(behind, view, torch.zeros(3))[1]
    assert found.visibility.tolist() == [0.0] and found.sensitivity.tolist() == [0.0]


def large_ones() -> tuple[Splats, Camera]:
    rng = np.random.default_rng(5)
    n = 400  # of large opaque splats, so that tiles are done before their last
    scales, rotations = np.exp(rng.normal(-2, 0.5, (n, 3))), rng.normal(0, 1, (n, 4))
    shapes = covariances(*(torch.tensor(a, dtype=torch.float32) for a in (scales, rotations)))
    means, sh = (torch.tensor(rng.normal(0, 0.4, shape), dtype=torch.float32) for shape in ((n, 3), (n, 4, 3)))
    splats = Splats(means, shapes, torch.full((n,), 0.98), sh)
    view = Camera.looking_at(np.array([0, 0, -2.0]), np.zeros(3), np.array([0, -1.0, 0]), fov=0.8, width=50, height=37)
    return splats, view


def test_a_look_is_a_render() -> None:
    splats, view = large_ones()
    background = torch.tensor([0.5, 0.1, 0.8])
    picture, found = look(splats, view, background)
    assert torch.equal(picture, render(splats, view, background=background).colour)
    assert (found.visibility == 0).sum() > 20 and (found.visibility > 0).sum() > 20


@pytest.mark.parametrize("every", [1, 2, 3])
def test_parts_of_a_picture_make_up_the_whole(every: int) -> None:
    splats, view = large_ones()
    background = torch.tensor([0.5, 0.1, 0.8])
    whole = np.array(look(splats, view, background)[1])
    parts = [np.array(influence(splats, view, background, Part(every, first))) for first in range(1, every + 1)]
    np.testing.assert_allclose(np.mean(parts, axis=0), whole, rtol=1e-5)
    assert every == 1 or all((part == 0).sum() > (whole == 0).sum() for part in parts)
