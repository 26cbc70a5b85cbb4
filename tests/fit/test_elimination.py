"""In which order Gaussians may go."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ralhe.cameras import Camera, View, Views
from ralhe.fit import elimination
from ralhe.fit.elimination import LEFT, Elimination
from ralhe.fit.pictures import Pictures, take_pictures
from ralhe.gaussians import Gaussians
from ralhe.prepare.importance import Weights
from ralhe.rasteriser import Splats
from tests.scenes import joined, sphere

GROUND, SPOTS = 400, 100
KEPT = int(LEFT * (GROUND + SPOTS))


def painted(scene: Gaussians, size: float, colour: tuple[float, float, float]) -> Gaussians:
    """Opaque round Gaussians of one size and colour in the places of a scene."""
    n = len(scene)
    return replace(
        scene,
        log_scales=np.full((n, 3), np.log(size), np.float32),
        opacity_logits=np.full(n, 4.0, np.float32),
        sh=np.tile(np.array(colour, np.float32), (n, 1, 1)),
    )


@pytest.fixture(scope="module")
def scene() -> Gaussians:
    """A grey sphere with a few red spots."""
    spots = sphere(SPOTS, 2)
    return joined(
        painted(sphere(GROUND, 1), 0.25, (0.0, 0.0, 0.0)),
        painted(replace(spots, positions=1.3 * spots.positions), 0.04, (1.5, -1.5, -1.5)),
    )


@pytest.fixture(scope="module")
def pictures(scene: Gaussians) -> Pictures:
    eyes = 4 * np.random.default_rng(0).normal(size=(16, 3))
    eyes *= 4 / np.linalg.norm(eyes, axis=1, keepdims=True)
    up = np.array([0.0, -1.0, 0.0])
    cameras = [Camera.looking_at(eye, np.zeros(3), up, fov=0.8, width=96, height=96) for eye in eyes]
    taken = take_pictures(scene, Views(tuple(View(str(i), camera) for i, camera in enumerate(cameras)), ()), 16)
    assert taken is not None
    return taken


def test_what_looks_like_its_neighbours_goes_before_what_does_not(scene: Gaussians, pictures: Pictures) -> None:
    """Though the pictures show more of many a grey one."""

    def spots(values: Weights) -> int:
        """Among the greatest of some values."""
        return int((np.argsort(-values)[: 2 * SPOTS] >= GROUND).sum())

    order = Elimination(scene, pictures, 1).order(len(scene))
    assert spots(pictures.seen.visibility) < 0.5 * SPOTS and spots(order) > 0.8 * SPOTS


def test_who_outlives_a_round_stays_longer_than_who_does_not(scene: Gaussians, pictures: Pictures) -> None:
    elimination = Elimination(scene, pictures, 1)
    first = elimination.order(400).copy()
    assert first.max() == 1.0
    then = elimination.order(250)
    assert (then > 1).sum() == KEPT
    assert set(np.flatnonzero(then > 1)) == set(np.argsort(-first, kind="stable")[:KEPT])
    assert np.array_equal(elimination.order(400), then)


def test_rounds_end_where_few_are_left(scene: Gaussians, pictures: Pictures) -> None:
    order = Elimination(scene, pictures, 1).order(0)
    assert np.isfinite(order).all() and (order == order.max()).sum() == 1


def test_parts_of_all_rounds_make_up_the_whole(scene: Gaussians, pictures: Pictures) -> None:
    splats = Splats.of(scene)
    parts = [pictures.influence(splats, 3, first) for first in range(3)]
    for kind, whole in enumerate(pictures.influence(splats, 1)):
        np.testing.assert_allclose(np.mean([part[kind] for part in parts], axis=0), whole, rtol=1e-4, atol=1e-9)


def test_a_part_of_the_pictures_tells_nearly_the_same_with_what_others_told_before(
    scene: Gaussians, pictures: Pictures
) -> None:
    """Better than parts alone, each round of which starts anew."""

    def kept(every: int) -> set[int]:
        taken = pictures.of_other(Splats.of(scene), every)
        order = Elimination(scene, taken, every).order(120)
        return set(np.argsort(-order)[:150].tolist())

    whole = kept(1)
    shared = len(whole & kept(3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(elimination, "STALE", np.inf)
        alone = len(whole & kept(3))
    assert shared > alone and shared > 0.8 * len(whole), (shared, alone)
