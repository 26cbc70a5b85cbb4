"""Pictures known in closed form, tile borders, tiny pictures, limits of opacity and depth."""

from __future__ import annotations

import math
from dataclasses import replace

import numba
import numpy as np
import pytest
import torch

import ralhe
from ralhe.cameras.camera import Camera
from ralhe.errors import SceneError
from ralhe.gaussians import SH_C0, Gaussians
from ralhe.rasteriser import Splats, render
from tests.rasteriser.reference_rasteriser import draw
from tests.scenes import joined, scene_of

RED, GREEN, WHITE = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (1.0, 1.0, 1.0)


def front(width: int = 33, height: int = 33, focal: float = 40.0, near: float = 0.2) -> Camera:
    """At the origin, looking along z, the middle pixel's centre on the axis where the sizes are odd."""
    k = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    return Camera(np.eye(4), k, width, height, near)


def blob(
    z: float, opacity: float, colour: tuple[float, float, float], x: float = 0.0, y: float = 0.0, size: float = 0.1
) -> Gaussians:
    """One round Gaussian of one colour."""
    with np.errstate(divide="ignore"):
        logit = np.log(np.float64(opacity)) - np.log1p(-np.float64(opacity))
    sh = (np.array([[colour]]) - 0.5) / SH_C0
    return scene_of([[x, y, z]], np.full((1, 3), math.log(size)), [[1, 0, 0, 0]], [logit], sh)


def test_one_splat_is_its_own_gaussian() -> None:
    image = render(blob(2.0, 0.7, RED), front(), background=(0, 0, 1))
    variance = (0.1 * 40 / 2) ** 2 + 0.3
    ys, xs = np.mgrid[:33, :33] - 16.0
    alpha = 0.7 * np.exp(-(xs**2 + ys**2) / (2 * variance))
    alpha[alpha < 1 / 255] = 0
    np.testing.assert_allclose(image.alpha.numpy(), alpha, atol=2e-6)
    colour = alpha[..., None] * [1, 0, 0] + (1 - alpha)[..., None] * [0, 0, 1]
    np.testing.assert_allclose(image.colour.numpy(), colour, atol=2e-6)


@pytest.mark.parametrize("first", [0, 1])
def test_nearer_splats_cover_farther_ones(first: int) -> None:
    scenes = [blob(2.0, 0.6, RED), blob(3.0, 0.8, GREEN, size=0.15)]
    image = render(joined(scenes[first], scenes[1 - first]), front())
    assert image.colour[16, 16].tolist() == pytest.approx([0.6, 0.4 * 0.8, 0], abs=3e-6)
    assert float(image.alpha[16, 16]) == pytest.approx(1 - 0.4 * 0.2, abs=3e-6)


def test_splats_at_one_depth_keep_their_order() -> None:
    image = render(joined(blob(2.0, 0.6, RED), blob(2.0, 0.8, GREEN)), front())
    assert image.colour[16, 16].tolist() == pytest.approx([0.6, 0.4 * 0.8, 0], abs=3e-6)


@pytest.mark.parametrize(
    ("logit", "expected"),
    [(math.inf, 0.99), (100.0, 0.99), (-math.inf, 0.0), (-5.6, 0.0), (-5.5, 1 / (1 + math.exp(5.5)))],
)
def test_limits_of_opacity(logit: float, expected: float) -> None:
    """Alpha is cut at 0.99 and dropped below 1 / 255."""
    scene = blob(2.0, 0.5, WHITE)
    scene.opacity_logits[0] = logit
    assert float(render(scene, front()).alpha[16, 16]) == pytest.approx(expected, abs=2e-6)


def test_light_stops_before_the_splat_that_would_take_it_below_its_limit() -> None:
    """0.01 of the light passes one opaque splat; the second would leave 0.0001, the third less."""
    scenes = [blob(2.0 + i, 1.0, colour, size=1.0) for i, colour in enumerate((RED, GREEN, WHITE))]
    image = render(joined(*scenes), front())
    assert image.colour[16, 16].tolist() == pytest.approx([0.99, 0.0, 0.0], abs=1e-5)


@pytest.mark.parametrize(("z", "drawn"), [(0.19, False), (0.21, True), (-2.0, False), (1e6, True)])
def test_near_plane_and_vanishing_splats(z: float, drawn: bool) -> None:
    """A splat far away is a pixel's low-pass: opacity stays, so it is drawn unless it misses every pixel centre."""
    image = render(blob(z, 0.9, WHITE, x=0.25 * z / 40 if z > 1e5 else 0.0, size=1e-3), front(width=32, height=32))
    assert bool(image.alpha.max() > 0) is drawn


def test_the_near_plane_is_the_cameras() -> None:
    assert render(blob(0.05, 0.9, WHITE, size=0.01), front(near=0.01)).alpha.max() > 0.8


def test_antialiasing_keeps_the_light_of_small_splats() -> None:
    scene = blob(2.0, 0.5, WHITE, size=0.01)
    image = render(replace(scene, antialiased=True), front())
    small = (0.01 * 40 / 2) ** 2
    assert float(image.alpha[16, 16]) == pytest.approx(0.5 * small / (small + 0.3), rel=1e-4)
    assert float(render(scene, front()).alpha[16, 16]) == pytest.approx(0.5, rel=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (3, 1), (1, 40), (16, 16), (17, 15), (31, 33), (48, 32)])
def test_any_size_of_picture_agrees_with_the_oracle(size: tuple[int, int]) -> None:
    """Long thin splats at all angles over tile borders, partly outside."""
    rng = np.random.default_rng(size[0])
    n = 60
    scene = scene_of(
        rng.uniform((-1, -1, 1.5), (1, 1, 3.5), (n, 3)),
        np.log(0.15) + rng.normal(0, 1.2, (n, 3)),
        rng.normal(0, 1, (n, 4)),
        rng.normal(0, 2, n),
        rng.normal(0, 0.5, (n, 4, 3)),
    )
    view = front(*size, focal=30.0)
    image, splats = render(scene, view, background=WHITE), Splats.of(scene)
    tensors = (splats.means, splats.covariances, splats.opacities, splats.sh)
    oracle = draw((t.double() for t in tensors), view, torch.ones(3, dtype=torch.float64))
    assert (image.colour - oracle[..., :3]).abs().max() < 2e-5
    assert (image.alpha - oracle[..., 3]).abs().max() < 2e-5


def test_part_of_a_picture_is_the_same_wherever_its_tiles_begin() -> None:
    """The alpha test, not the tile, says which pixels a splat reaches."""
    rng = np.random.default_rng(3)
    n = 200
    scene = scene_of(
        rng.uniform((-1, -1, 2), (1, 1, 4), (n, 3)),
        rng.normal(-2.5, 0.7, (n, 3)),
        rng.normal(0, 1, (n, 4)),
        rng.normal(0, 2, n),
        rng.normal(0, 0.5, (n, 1, 3)),
    )
    whole = front(64, 64)
    moved = whole.K.copy()
    moved[:2, 2] -= [5, 9]
    part = render(scene, Camera(whole.viewmat, moved, 50, 40)).colour
    assert (render(scene, whole).colour[9:49, 5:55] - part).abs().max() < 1e-5


def test_nothing_to_draw() -> None:
    none = scene_of(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros((0, 4)), np.zeros(0), np.zeros((0, 1, 3)))
    image = render(none, front(20, 10), background=(0.1, 0.2, 0.3))
    assert image.colour.shape == (10, 20, 3) and image.alpha.shape == (10, 20)
    assert image.colour[3, 4].tolist() == pytest.approx([0.1, 0.2, 0.3]) and not image.alpha.any()


@pytest.mark.parametrize("field", ["positions", "log_scales", "rotations"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_numbers_that_are_none_hide_one_splat_only(field: str, value: float) -> None:
    bad, good = blob(2.0, 0.7, RED), blob(2.5, 0.8, GREEN)
    getattr(bad, field)[..., 0] = value
    image = render(joined(bad, good), front())
    assert torch.isfinite(image.colour).all()
    assert image.colour[16, 16, 1] > 0.2


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_colour_that_is_none_spoils_its_own_tiles_only(value: float) -> None:
    bad, good = blob(2.0, 0.7, RED, x=-2.0), blob(2.0, 0.8, GREEN, x=1.0)
    bad.sh[..., 0] = value
    image, alone = render(joined(bad, good), front(width=97)), render(good, front(width=97))
    assert torch.equal(image.colour[:, 48:], alone.colour[:, 48:])
    assert image.colour[16, 68, 1] > 0.7
    assert torch.isfinite(image.alpha).all()


def test_bands_above_the_degree_asked_for_are_left_out() -> None:
    scene = blob(2.0, 0.7, RED)
    sh = np.concatenate([scene.sh, np.ones((1, 15, 3), np.float32)], 1)
    rich = Gaussians(scene.positions, scene.log_scales, scene.rotations, scene.opacity_logits, sh)
    assert not torch.equal(render(rich, front()).colour, render(scene, front()).colour)
    assert torch.equal(render(rich, front(), sh_degree=0).colour, render(scene, front()).colour)


def test_thread_counts_change_no_bit() -> None:
    before = numba.get_num_threads()
    if before < 2:
        pytest.skip("one thread")
    rng = np.random.default_rng(4)
    n = 3000
    scene = scene_of(
        rng.uniform((-1, -1, 2), (1, 1, 4), (n, 3)),
        rng.normal(-3, 0.7, (n, 3)),
        rng.normal(0, 1, (n, 4)),
        rng.normal(0, 2, n),
        rng.normal(0, 0.5, (n, 9, 3)),
    )
    splats = Splats.of(scene)

    def run() -> list[torch.Tensor]:
        leaves = [t.clone().requires_grad_() for t in (splats.means, splats.covariances, splats.opacities, splats.sh)]
        means, shapes, opacities, sh = leaves
        image = render(Splats(means, shapes, opacities, sh), front(100, 70)).colour
        return [image.detach(), *torch.autograd.grad((image**2).sum(), leaves)]

    first = run()
    numba.set_num_threads(1)
    try:
        assert all(torch.equal(a, b) for a, b in zip(first, run(), strict=True))
    finally:
        numba.set_num_threads(before)


def test_errors_name_the_mend() -> None:
    scene = blob(2.0, 0.5, RED)
    with pytest.raises(SceneError, match="SH degree is 4"):
        render(scene, front(), sh_degree=4)
    with pytest.raises(SceneError, match="background has shape"):
        render(scene, front(), background=(1.0, 1.0))  # type: ignore[arg-type]
    with pytest.raises(SceneError, match="covariances has shape"):
        Splats(torch.zeros(2, 3), torch.zeros(2, 3), torch.zeros(2), torch.zeros(2, 1, 3))
    assert ralhe.render is render
