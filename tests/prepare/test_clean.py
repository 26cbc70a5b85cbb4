"""What no view can show is dropped and counted; the rest is made tidy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ralhe.gaussians import Gaussians
from ralhe.prepare import clean
from tests.scenes import FIELDS, sphere

VISIBLE_LOGIT = -5.0  # opacity 0.0067, above 1/255


def visible(n: int = 20, degree: int = 1) -> Gaussians:
    scene = sphere(n, degree)
    return replace(scene, opacity_logits=np.linspace(VISIBLE_LOGIT, 5, n, dtype=np.float32))


def spoilt(scene: Gaussians, field: str, row: int, value: float) -> Gaussians:
    array = getattr(scene, field).copy()
    array[row] = value
    return replace(scene, **{field: array})


NOT_FINITE = [(f, x) for f in ("positions", "log_scales", "rotations", "sh") for x in (np.nan, np.inf, -np.inf)]
FLAT = ("log_scales", -np.inf)  # of no size along an axis


@pytest.mark.parametrize(("field", "value"), [case for case in NOT_FINITE if case != FLAT])
def test_not_finite_is_dropped(field: str, value: float) -> None:
    cleaned = clean(spoilt(visible(), field, 3, value))
    assert (cleaned.not_finite, cleaned.transparent, cleaned.dropped) == (1, 0, 1)
    expected = np.delete(visible().positions, 3, axis=0)
    assert np.array_equal(cleaned.gaussians.positions, expected)


def test_flat_ones_stay() -> None:
    scene = visible()
    scene.log_scales[3, 2] = -np.inf
    cleaned = clean(scene)
    assert cleaned.dropped == 0
    assert cleaned.gaussians.log_scales[3].tolist() == [*scene.log_scales[3, :2].tolist(), -60]


def test_rows_say_where_they_stood() -> None:
    scene = visible(3000)
    scene.opacity_logits[7], scene.positions[11], scene.sh[13] = -20, np.nan, np.inf
    cleaned = clean(scene)
    assert np.array_equal(cleaned.rows, np.delete(np.arange(3000), [7, 11, 13]))
    assert np.array_equal(cleaned.gaussians.positions, scene.positions[cleaned.rows])


def test_logits_may_be_infinite_but_not_nan() -> None:
    scene = visible()
    for row, value in enumerate([np.inf, -np.inf, np.nan]):
        scene = spoilt(scene, "opacity_logits", row, value)
    cleaned = clean(scene)
    assert (cleaned.not_finite, cleaned.transparent) == (1, 1)
    assert len(cleaned.gaussians) == 18
    assert cleaned.gaussians.opacity_logits[0] == 8.0


@pytest.mark.parametrize(("field", "limit"), [("log_scales", 60.0), ("sh", 1000.0)])
@pytest.mark.parametrize("sign", [-1, 1])
def test_absurd_numbers_are_cut_to_what_still_shows(field: str, limit: float, sign: int) -> None:
    cleaned = clean(spoilt(visible(), field, 3, sign * 1e30))
    assert cleaned.dropped == 0
    assert (getattr(cleaned.gaussians, field)[3] == sign * limit).all()


def test_transparent_below_one_255th() -> None:
    edge = float(np.log((1 / 255) / (1 - 1 / 255)))
    scene = visible(2)
    scene = replace(scene, opacity_logits=np.array([edge - 1e-3, edge + 1e-3]))
    cleaned = clean(scene)
    assert cleaned.transparent == 1
    assert np.array_equal(cleaned.gaussians.positions, scene.positions[1:])


@pytest.mark.parametrize(("place", "far"), [(-1e19, 1), (1e17, 0)])
def test_what_no_camera_reaches_is_dropped(place: float, far: int) -> None:
    scene = visible()
    scene.positions[3, 1] = place
    cleaned = clean(scene)
    assert (cleaned.not_finite, cleaned.transparent, cleaned.far, cleaned.dropped) == (0, 0, far, far)
    assert len(cleaned.gaussians) == 20 - far


def test_counts_add_up() -> None:
    scene = spoilt(spoilt(visible(), "positions", 0, np.nan), "opacity_logits", 1, -9.0)
    both = spoilt(spoilt(scene, "sh", 2, np.inf), "opacity_logits", 2, -9.0)
    cleaned = clean(both)
    assert (cleaned.not_finite, cleaned.transparent) == (2, 1)
    assert len(cleaned.gaussians) + cleaned.dropped == len(both)


def test_rotations_become_unit_and_zero_ones_the_identity() -> None:
    scene = spoilt(visible(), "rotations", 4, 0.0)
    scene = replace(scene, rotations=(scene.rotations * np.linspace(0.01, 100, 20)[:, None]).astype(np.float32))
    rotations = clean(scene).gaussians.rotations
    np.testing.assert_allclose(np.linalg.norm(rotations, axis=1), 1, atol=1e-6)
    assert rotations[4].tolist() == [1, 0, 0, 0]
    directions = visible().rotations[5] / np.linalg.norm(visible().rotations[5])
    np.testing.assert_allclose(rotations[5], directions, atol=1e-6)


def test_a_sound_scene_keeps_everything_else() -> None:
    scene = replace(visible(), antialiased=True, coordinates="RUB")
    cleaned = clean(scene).gaussians
    for field in set(FIELDS) - {"rotations"}:
        assert np.array_equal(getattr(cleaned, field), getattr(scene, field)), field
    assert cleaned.antialiased and cleaned.coordinates == "RUB"


def test_an_empty_scene_stays_empty() -> None:
    cleaned = clean(visible().take(np.zeros(0, np.int64)))
    assert len(cleaned.gaussians) == cleaned.dropped == 0
