"""Views placed around and inside small worlds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ralhe.cameras import Views
from ralhe.errors import CameraError, SceneError
from ralhe.gaussians import Gaussians
from ralhe.rasteriser import render
from ralhe.viewpoints import Kind, place_views
from ralhe.viewpoints.robust import Floats
from tests.scenes import joined
from tests.viewpoints import worlds

UP = np.array([0.0, 0.0, 1.0])
Y_DOWN = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])  # z up becomes -y up
Z_DOWN = np.diag([1, -1, -1])
X_UP = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]])


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def centres(views: Views) -> Floats:
    """[V, 3] where the cameras stand."""
    return np.stack([view.camera.centre for view in views.all])


def coverages(scene: Gaussians, views: Views) -> Floats:
    """[V] mean opacity of pictures of 40 x 30."""
    return np.array([float(render(scene, view.camera.resized(40, 30)).alpha.mean()) for view in views.all])


@pytest.fixture(scope="module")
def statuette() -> Gaussians:
    return worlds.statuette(rng())


@pytest.fixture(scope="module")
def of_statuette(statuette: Gaussians) -> Views:
    return place_views(statuette)


@pytest.fixture(scope="module")
def few(statuette: Gaussians) -> Views:
    return place_views(statuette, fit=4, test=2)


def test_an_object_is_seen_from_all_around_and_above(statuette: Gaussians, of_statuette: Views) -> None:
    eyes = centres(of_statuette)
    azimuths = np.sort(np.arctan2(eyes[:, 1], eyes[:, 0]))
    assert np.diff(azimuths, append=azimuths[0] + 2 * np.pi).max() < np.radians(40)
    assert (np.linalg.norm(eyes, axis=1) > 1.5).all()
    assert (eyes[:, 2] > -1.05).all()  # above the ground
    assert np.ptp(np.linalg.norm(eyes, axis=1)) > 2  # near and far
    covered = coverages(statuette, of_statuette)
    assert covered.min() > 0.05
    assert np.median(covered) > 0.15


def test_horizons_are_level(of_statuette: Views) -> None:
    assert all(abs(view.camera.viewmat[0, :3] @ UP) < 1e-9 for view in of_statuette.all)
    assert all(view.camera.viewmat[1, :3] @ UP < -0.3 for view in of_statuette.all)


def test_names_counts_and_lists(of_statuette: Views) -> None:
    assert len(of_statuette.fit) == 32
    assert len(of_statuette.test) == 12
    assert [view.name for view in of_statuette.test[:2]] == ["test_00", "test_01"]
    eyes = centres(of_statuette)
    apart = np.linalg.norm(eyes[:, None] - eyes, axis=2) + 10 * np.eye(len(eyes))
    assert apart.min() > 0.05  # no view is in both lists, or twice in one


@pytest.mark.parametrize("kind", ["object", "interior"])
def test_no_fit_is_given_a_view_that_judges_it(kind: Kind) -> None:
    """Encoders ask for as many views as they please; what `compare` looks through must be none of those."""
    scene = worlds.block(rng(), 2000, (-2, -1.5, -1.2), (2, 1.5, 1.2))
    judges = place_views(scene, fit=8, test=6, kind=kind).test
    for count in (3, 8, 20):
        placed = place_views(scene, fit=count, test=6, kind=kind, size=(400, 300))
        assert all((a.camera.viewmat == b.camera.viewmat).all() for a, b in zip(placed.test, judges, strict=True))
        apart = [np.linalg.norm(f.camera.viewmat - t.camera.viewmat) for f in placed.fit for t in judges]
        assert min(apart) > 0.01


def test_wide_views_look_from_below_too_and_leave_the_others_alone(statuette: Gaussians, few: Views) -> None:
    wide = place_views(statuette, fit=4, test=2, wide=12)
    assert [view.name for view in wide.fit[4:]] == [f"wide_{i:02}" for i in range(12)]
    unchanged = zip((*wide.fit[:4], *wide.test), few.all, strict=True)
    assert all((a.camera.viewmat == b.camera.viewmat).all() for a, b in unchanged)
    heights = np.array([view.camera.centre[2] for view in wide.fit[4:]])
    assert heights.min() < -1.2 and heights.max() > 1
    assert min(float(render(statuette, view.camera.resized(40, 30)).alpha.mean()) for view in wide.fit) > 0.05


def test_both_lists_are_alike(of_statuette: Views) -> None:
    fit, test = (np.stack([view.camera.centre for view in views]) for views in (of_statuette.fit, of_statuette.test))
    assert abs(fit[:, 2].mean() - test[:, 2].mean()) < 1
    assert abs(np.linalg.norm(fit, axis=1).mean() - np.linalg.norm(test, axis=1).mean()) < 1


def test_a_seed_gives_the_same_views_every_time(statuette: Gaussians, few: Views) -> None:
    again, other = (place_views(statuette, fit=4, test=2, seed=seed) for seed in (0, 1))
    assert all((a.camera.viewmat == b.camera.viewmat).all() for a, b in zip(again.all, few.all, strict=True))
    assert np.linalg.norm(centres(other) - centres(few), axis=1).min() > 1e-3


@pytest.mark.parametrize("rotation", [Y_DOWN, Z_DOWN, X_UP], ids=["y down", "z down", "x up"])
def test_views_turn_with_the_scene(statuette: Gaussians, few: Views, rotation: Floats) -> None:
    views = place_views(worlds.turned(statuette, rotation), fit=4, test=2)
    np.testing.assert_allclose(centres(views), centres(few) @ rotation.T, atol=0.02)


def test_up_is_found_off_the_axes(statuette: Gaussians) -> None:
    tilt = np.radians(25)
    rotation = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    views = place_views(worlds.turned(statuette, rotation), fit=4, test=2)
    level = [abs(view.camera.viewmat[0, :3] @ rotation @ UP) for view in views.all]
    assert max(level) < np.sin(np.radians(3))


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_views_grow_and_move_with_the_scene(statuette: Gaussians, few: Views, factor: float) -> None:
    move = factor * np.array([3.0, -2.0, 5.0])
    views = place_views(worlds.turned(statuette, np.eye(3), factor, move), fit=4, test=2)
    np.testing.assert_allclose(centres(views), factor * centres(few) + move, atol=0.02 * factor)
    near = np.array([view.camera.near for view in views.all])
    assert (near <= 0.2).all()
    assert (near < 0.05 * factor).all()


def test_floaters_change_little(statuette: Gaussians, of_statuette: Views) -> None:
    views = place_views(joined(statuette, worlds.floaters(rng())))
    typical, expected = (np.median(np.linalg.norm(centres(v), axis=1)) for v in (views, of_statuette))
    assert abs(typical / expected - 1) < 0.25
    assert all(view.camera.viewmat[1, :3] @ UP < -0.3 for view in views.all)


def test_no_view_looks_through_a_floater(statuette: Gaussians, of_statuette: Views) -> None:
    """A blob a tenth of the way before each lens that would judge drives those views elsewhere."""
    eyes = np.stack([view.camera.centre for view in of_statuette.test])
    blobs = worlds.discs(0.9 * eyes, eyes, 0.2, np.array([[1.0, 0.0, 1.0]]))
    assert np.median(coverages(blobs, of_statuette)[-12:]) > 0.3
    views = place_views(joined(statuette, blobs))
    assert (coverages(blobs, views) < 0.3).all()


def test_an_interior_is_seen_from_inside() -> None:
    scene = worlds.room(rng())
    views = place_views(scene)
    eyes = centres(views)
    assert (np.abs(eyes) < [2, 1.5, 2.4]).all()
    assert (eyes[:, 2] > 0).all()
    assert coverages(scene, views).min() > 0.9
    forwards = np.stack([view.camera.viewmat[2, :3] for view in views.all])
    azimuths = np.sort(np.arctan2(forwards[:, 1], forwards[:, 0]))
    assert np.diff(azimuths, append=azimuths[0] + 2 * np.pi).max() < np.radians(90)


def test_an_unbounded_scene_is_seen_from_its_middle() -> None:
    views = place_views(worlds.landscape(rng()))
    eyes = centres(views)
    assert (np.linalg.norm(eyes, axis=1) < 10).all()  # the sky is at 60
    assert (eyes[:, 2] > -1).mean() > 0.9
    assert (np.linalg.norm(eyes, axis=1) > 1).mean() > 0.7  # outside the ball that the walk went around
    assert np.mean([view.camera.viewmat[1, :3] @ UP for view in views.all]) < -0.8


def test_a_kind_can_be_told() -> None:
    scene = worlds.block(rng(), 2000, (-2, -1.5, -1.2), (2, 1.5, 1.2))
    inside = place_views(scene, fit=6, test=2, kind="interior")
    outside = place_views(scene, fit=6, test=2, kind="object")
    assert (np.abs(centres(inside)) < [2, 1.5, 1.2]).all()
    assert (np.abs(centres(outside)) > [2, 1.5, 1.2]).any(axis=1).all()


def test_pictures_may_be_upright(statuette: Gaussians) -> None:
    views = place_views(statuette, fit=3, test=1, size=(300, 400))
    camera = views.fit[0].camera
    assert (camera.width, camera.height) == (300, 400)
    assert camera.K[0, 0] == pytest.approx(camera.K[1, 1])
    assert 2 * np.degrees(np.arctan(200 / camera.K[1, 1])) == pytest.approx(50)


@pytest.mark.parametrize(("fit", "test"), [(0, 0), (0, 3), (3, 0), (1, 1)])
def test_any_count_can_be_asked_for(statuette: Gaussians, fit: int, test: int) -> None:
    views = place_views(statuette, fit=fit, test=test)
    assert (len(views.fit), len(views.test)) == (fit, test)


def single(position: worlds.Point = (3.0, -2.0, 7.0), log_scale: float = -2.0) -> Gaussians:
    return Gaussians(
        np.array([position], np.float32),
        np.full((1, 3), log_scale, np.float32),
        np.array([[1, 0, 0, 0]], np.float32),
        np.array([3.0], np.float32),
        np.ones((1, 1, 3), np.float32),
    )


def degenerate() -> dict[str, Gaussians]:
    random = rng()
    ball = worlds.ball(random, 300)
    poles = replace(ball, sh=np.full((300, 1, 3), np.nan, np.float32))
    return {
        "one Gaussian": single(),
        "one point": single(log_scale=-50.0),
        "one at the origin": single((0, 0, 0)),
        "twice the same": single().take(np.zeros(2, np.int64)),
        "a line": replace(ball, positions=ball.positions * np.array([1, 0, 0], np.float32)),
        "a plane": replace(ball, positions=ball.positions * np.array([1, 1, 0], np.float32)),
        "spread by a million": replace(ball, positions=ball.positions * np.float32(1e6)),
        "a million wide": worlds.turned(ball, np.eye(3), 1e6),
        "a ten thousandth wide": worlds.turned(ball, np.eye(3), 1e-4),
        "far from the origin": worlds.turned(ball, np.eye(3), 1.0, (1e4, 0, 0)),
        "all transparent": replace(ball, opacity_logits=np.full(300, -20, np.float32)),
        "no rotations": replace(ball, rotations=np.zeros((300, 4), np.float32)),
        "some not finite": joined(ball, poles),
    }


@pytest.mark.parametrize("name", degenerate())
def test_degenerate_scenes_have_valid_views(name: str) -> None:
    scene = degenerate()[name]
    views = place_views(scene, fit=3, test=2)  # Camera refuses numbers that make no camera
    assert len(views.all) == 5
    if name not in ("all transparent", "one point", "spread by a million"):
        finite = scene.take(np.all(np.isfinite(scene.sh), axis=(1, 2)))
        assert coverages(finite, views).max() > 0.003


@pytest.mark.parametrize("name", ["one point", "twice the same", "a line"])
def test_degenerate_scenes_can_be_called_interiors(name: str) -> None:
    assert len(place_views(degenerate()[name], fit=3, test=2, kind="interior").all) == 5


@pytest.mark.parametrize(
    ("scene", "message"),
    [
        (single().take(np.zeros(0, np.int64)), "no Gaussian of the scene's 0 is finite"),
        (single((np.nan, 0, 0)), "no Gaussian of the scene's 1 is finite"),
    ],
)
def test_nothing_to_look_at_is_an_error(scene: Gaussians, message: str) -> None:
    with pytest.raises(SceneError, match=message):
        place_views(scene)


@pytest.mark.parametrize("wrong", [{"fit": -1}, {"test": -1}, {"wide": -1}, {"size": (0, 10)}])
def test_impossible_requests_are_errors(statuette: Gaussians, wrong: dict[str, Any]) -> None:
    with pytest.raises(CameraError, match=r"no views of|expected 1 or more"):
        place_views(statuette, **wrong)
