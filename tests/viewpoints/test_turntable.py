"""Once around an object, once round on the spot inside a scene."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ralhe.cameras import Camera
from ralhe.errors import SceneError
from ralhe.gaussians import Gaussians
from ralhe.rasteriser import render
from ralhe.viewpoints import turntable
from ralhe.viewpoints.robust import Floats
from tests.viewpoints import worlds

UP = np.array([0.0, 0.0, 1.0])


@pytest.fixture(scope="module")
def statuette() -> Gaussians:
    return worlds.statuette(np.random.default_rng(5))


@pytest.fixture(scope="module")
def around(statuette: Gaussians) -> list[Camera]:
    return [view.camera for view in turntable(statuette, 6, size=(60, 45)).test]


def azimuths(directions: Floats) -> Floats:
    """[N] radians of directions [N, 3], counted on from the first."""
    angles = np.arctan2(directions[:, 1], directions[:, 0])
    return np.asarray(np.mod(angles - angles[0], 2 * np.pi))


def test_an_object_is_circled_in_equal_steps(around: list[Camera]) -> None:
    eyes = np.stack([camera.centre for camera in around])
    middle = eyes.mean(axis=0)
    assert np.ptp(eyes[:, 2]) < 1e-9
    assert np.ptp(np.linalg.norm(eyes - middle, axis=1)) < 1e-9
    assert azimuths(eyes - middle) == pytest.approx(np.arange(6) * np.pi / 3, abs=1e-6)


def test_the_horizon_is_level_and_the_camera_looks_down(around: list[Camera]) -> None:
    for camera in around:
        right, down, forward = camera.viewmat[:3, :3]
        assert abs(right @ UP) < 1e-9
        assert down @ UP == pytest.approx(-np.cos(np.radians(20)), abs=0.05)
        assert -0.5 < forward @ UP < -0.2


def test_the_whole_object_is_in_every_picture(statuette: Gaussians, around: list[Camera]) -> None:
    for camera in around:
        alpha = render(statuette, camera).alpha.numpy()
        assert alpha.shape == (45, 60)
        assert alpha.mean() > 0.08
        assert max(alpha[0].max(), alpha[-1].max(), alpha[:, 0].max(), alpha[:, -1].max()) < 0.3


def test_inside_one_turns_on_the_spot() -> None:
    room = worlds.room(np.random.default_rng(5))
    cameras = [view.camera for view in turntable(room, 4, kind="interior", size=(40, 30)).test]
    eyes, forwards = (np.stack(rows) for rows in zip(*((c.centre, c.viewmat[2, :3]) for c in cameras), strict=True))
    assert np.ptp(eyes, axis=0) == pytest.approx(0, abs=1e-9)
    assert (np.abs(eyes[0] - (0, 0, 1.2)) < (2, 1.5, 1.2)).all()
    assert forwards @ UP == pytest.approx(0, abs=1e-9)
    turns = azimuths(forwards)
    assert np.minimum(turns, 2 * np.pi - turns) == pytest.approx(np.array([0, 0.5, 1, 0.5]) * np.pi, abs=1e-6)
    assert min(float(render(room, camera).alpha.mean()) for camera in cameras) > 0.9


def test_views_are_for_judging_and_named_in_order(statuette: Gaussians) -> None:
    views = turntable(statuette, 3, size=(20, 10))
    assert views.fit == ()
    assert [view.name for view in views.test] == ["orbit_00", "orbit_01", "orbit_02"]
    assert {(view.camera.width, view.camera.height) for view in views.test} == {(20, 10)}
    assert len(turntable(statuette, 1).test) == 1
    assert turntable(statuette, 0).test == ()


def test_a_scene_without_a_place_has_no_turntable(statuette: Gaussians) -> None:
    nowhere = replace(statuette, positions=np.full_like(statuette.positions, np.nan))
    with pytest.raises(SceneError, match="finite"):
        turntable(nowhere, 3)
