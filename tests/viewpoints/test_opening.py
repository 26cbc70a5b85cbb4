"""Where a viewer first stands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ralhe.errors import SceneError
from ralhe.rasteriser import render
from ralhe.viewpoints import opening, turntable
from tests.viewpoints import worlds

SIZE = (80, 60)


def test_an_object_is_first_seen_from_where_a_turntable_begins() -> None:
    scene = worlds.statuette(np.random.default_rng(5))
    camera = opening(scene, size=SIZE)
    assert camera.viewmat == pytest.approx(turntable(scene, 1, size=SIZE).test[0].camera.viewmat)


def test_a_room_is_first_seen_from_inside_with_something_in_view() -> None:
    scene = worlds.room(np.random.default_rng(5))
    camera = opening(scene, size=SIZE)
    low, high = scene.positions.min(axis=0), scene.positions.max(axis=0)
    assert bool(((camera.centre > low) & (camera.centre < high)).all())
    assert float(render(scene, camera).alpha.mean()) > 0.9


def test_nothing_has_no_first_view() -> None:
    scene = worlds.statuette(np.random.default_rng(5))
    with pytest.raises(SceneError):
        opening(replace(scene, positions=np.full_like(scene.positions, np.nan)))
