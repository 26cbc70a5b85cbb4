"""The parts that place views, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from ralhe.cameras.camera import Camera
from ralhe.coordinates import convert
from ralhe.gaussians import Gaussians
from ralhe.viewpoints.capture import Capture, fitted
from ralhe.viewpoints.choice import around, covering, far_apart
from ralhe.viewpoints.free_space import FreeSpace, distances
from ralhe.viewpoints.kind import Kind, kind_of
from ralhe.viewpoints.lens import Lens
from ralhe.viewpoints.matter import MAX_DRAWN, Matter, shortest_axes
from ralhe.viewpoints.normals import modes, order
from ralhe.viewpoints.orbit import evenly
from ralhe.viewpoints.probe import NEAR, Look, Probe
from ralhe.viewpoints.robust import Floats, box, geometric_median, quantiles
from ralhe.viewpoints.shot import Shot, Trial
from ralhe.viewpoints.subject import Subject
from ralhe.viewpoints.upright import upright
from tests.scenes import joined
from tests.viewpoints import worlds

AHEAD = np.array([0.0, 1.0, 0.0])


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def kind(scene: Gaussians) -> Kind:
    matter = Matter.of(scene)
    probe = Probe.of(matter)
    return kind_of(matter, probe, Capture.of(matter, probe))


def up(scene: Gaussians) -> Floats:
    matter = Matter.of(scene)
    return np.asarray(upright(matter, Probe.of(matter), scene.coordinates, None)[2])


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        (worlds.ball(rng()), "object"),  # hollow, but a bare shell
        (worlds.statuette(rng()), "object"),
        (joined(worlds.statuette(rng()), worlds.floaters(rng())), "object"),
        (worlds.room(rng()), "interior"),
        (worlds.landscape(rng()), "unbounded"),
        # As pruning leaves a scene: most Gaussians in the fine detail, few in the large plain parts far from it.
        (worlds.microphone(rng()), "object"),
    ],
    ids=["ball", "statuette", "statuette with floaters", "room", "landscape", "microphone"],
)
def test_kinds(scene: Gaussians, expected: Kind) -> None:
    assert kind(scene) == expected


def test_kind_does_not_depend_on_axes_and_scale() -> None:
    room = worlds.turned(worlds.room(rng()), np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]]), 1e3, (5e3, 0, 0))
    assert kind(room) == "interior"


def test_light_says_which_end_of_an_axis_is_up() -> None:
    ball = worlds.ball(rng())
    assert up(ball) @ [0, 0, 1] == pytest.approx(1)
    assert up(worlds.turned(ball, np.diag([-1, -1, 1]))) @ [0, 0, 1] == pytest.approx(1)
    assert up(worlds.turned(ball, np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]]))) @ [0, 1, 0] == pytest.approx(1)


def test_what_no_camera_saw_is_the_underside() -> None:
    ball = worlds.ball(rng())
    grey = replace(ball, sh=np.zeros_like(ball.sh))
    coarse = np.where(ball.positions[:, 1:2] > 0.3, 1.0, 0.0)  # large Gaussians at +y
    assert up(replace(grey, log_scales=grey.log_scales + coarse)) @ [0, -1, 0] == pytest.approx(1)
    coarse = np.where(ball.positions[:, 1:2] < -0.3, 1.0, 0.0)
    assert up(replace(grey, log_scales=grey.log_scales + coarse)) @ [0, 1, 0] == pytest.approx(1)


@pytest.mark.parametrize("angle", [15, 30, 45])
def test_walls_and_ground_say_what_is_vertical(angle: float) -> None:
    """Without light, up is along the edges of a plinth on the ground, which no axis follows."""
    a = np.radians(angle)
    about_x = np.array([[1, 0, 0], [0, np.cos(a), np.sin(a)], [0, -np.sin(a), np.cos(a)]])
    lean = np.array([[0.8, 0, 0.6], [0, 1, 0], [-0.6, 0, 0.8]]) @ about_x
    ground = worlds.sheet(rng(), 3000, (-2, -2, -1), (4, 0, 0), (0, 4, 0))
    scene = worlds.turned(joined(worlds.block(rng(), 3000, (-0.5, -0.4, -1), (0.5, 0.4, 2)), ground), lean)
    assert up(scene) @ lean[:, 2] > np.cos(np.radians(3))


def test_order_is_of_walls_and_floors() -> None:
    matter = Matter.of(worlds.block(rng(), 2000, (-1, -1, -1), (1, 1, 1)))
    leaning = np.array([0.0, np.sin(0.4), np.cos(0.4)])
    assert order(matter, np.array([0.0, 0, 1])) > 1
    assert order(matter, leaning) < 0.4
    assert order(Matter.of(worlds.ball(rng())), np.array([0.0, 0, 1])) < 0.02


def test_modes_of_normals_are_apart() -> None:
    turn = np.linspace(0, np.radians(40), 400)  # an arc: searches from its ends come to its middle
    normals = np.column_stack([np.cos(turn), np.sin(turn), np.zeros(400)])
    scene = worlds.discs(rng().uniform(-1, 1, (400, 3)), normals, 0.05, np.full((400, 3), 0.5))
    index = np.arange(60)
    directions = np.column_stack([np.cos(index * 0.052), np.sin(index * 0.052), np.zeros(60)])
    found = modes(Matter.of(scene), directions)
    assert found
    assert all(abs(a @ b) < np.cos(np.radians(30)) for a, b in combinations(found, 2))


def test_habits_decide_where_nothing_else_does() -> None:
    ball = worlds.ball(rng())
    grey = replace(ball, sh=np.zeros_like(ball.sh))
    assert up(grey) @ [0, -1, 0] == pytest.approx(1)
    assert up(convert(grey, "RUB")) @ [0, 1, 0] == pytest.approx(1)


def test_capture_is_found_from_sizes() -> None:
    random = rng()
    centre, radius = np.array([1.0, -2.0, 0.5]), 2.0
    points = centre + random.normal(size=(4000, 3)) * [8, 8, 3]
    sizes = 0.01 * np.sqrt(((points - centre) ** 2).sum(axis=1) + radius**2) * np.exp(0.3 * random.normal(size=4000))
    matter = Matter.of(worlds.discs(points, random.normal(size=(4000, 3)), sizes, np.ones((1, 3))))
    found, found_radius, rest = fitted(matter)
    np.testing.assert_allclose(matter.origin + matter.unit * found, centre, atol=0.4)
    assert matter.unit * found_radius == pytest.approx(radius, rel=0.4)
    assert rest < 0.9


def test_one_search_makes_up_for_what_another_missed() -> None:
    """Sizes that follow from two places: the one that explains them better is narrow, and far from the first guess."""
    random = rng()
    wide, narrow = np.array([4.0, -8.0, 2.0]), np.array([-6.0, 4.0, 0.0])
    points = wide + random.normal(size=(4000, 3)) * [8, 8, 3]
    sizes = 0.01 * np.sqrt(((points - wide) ** 2).sum(axis=1) + 4) * np.exp(0.3 * random.normal(size=4000))
    points[:1200] = narrow + 0.5 * random.normal(size=(1200, 3))
    sizes[:1200] = 0.004 * np.linalg.norm(points[:1200] - narrow, axis=1)
    matter = Matter.of(worlds.discs(points, random.normal(size=(4000, 3)), sizes, np.ones((1, 3))))
    np.testing.assert_allclose(matter.origin + matter.unit * fitted(matter)[0], narrow, atol=0.4)


def test_equal_sizes_tell_nothing() -> None:
    matter = Matter.of(worlds.ball(rng()))
    assert not Capture.of(matter, Probe.of(matter)).by_sizes


def test_clearest_space_is_away_from_walls_and_furniture() -> None:
    scene = joined(
        worlds.block(rng(), 6000, (0, 0, 0), (4, 2, 2)), worlds.block(rng(), 3000, (0.1, 0.1, 0.1), (2, 1.9, 1.9))
    )
    matter = Matter.of(scene)
    space = FreeSpace.of(matter)
    place = matter.origin + matter.unit * space.clearest
    np.testing.assert_allclose(place, [3, 1, 1], atol=0.3)
    assert matter.unit * space.clearance.max() == pytest.approx(0.9, abs=0.25)


def test_distances_are_euclidean() -> None:
    full = np.zeros((5, 6, 7), np.bool_)
    full[1, 2, 3] = full[4, 0, 0] = True
    cells = np.stack(np.meshgrid(*map(np.arange, full.shape), indexing="ij"), axis=-1)
    expected = np.minimum(*(np.linalg.norm(cells - cell, axis=-1) for cell in np.argwhere(full)))
    np.testing.assert_allclose(distances(full), expected)


def test_matter_is_in_units_and_thinned() -> None:
    ball = worlds.ball(rng(), 1000, (50, 60, 70), 20.0)
    many = ball.take(np.arange(MAX_DRAWN + 20_000) % 1000)
    matter = Matter.of(many)
    np.testing.assert_allclose(matter.origin, [50, 60, 70], atol=2)
    assert matter.unit == pytest.approx(20, rel=0.1)
    assert len(matter.drawn) == len(matter.positions) == MAX_DRAWN
    grown = np.exp(matter.drawn.log_scales.max(axis=1)) / matter.sizes
    np.testing.assert_allclose(grown, np.sqrt(len(many) / MAX_DRAWN), rtol=1e-4)


def test_shortest_axes_are_normals() -> None:
    normals = rng().normal(size=(50, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    scene = worlds.discs(rng().random((50, 3)), normals, 0.1, np.ones((1, 3)))
    np.testing.assert_allclose(np.abs((shortest_axes(scene) * normals).sum(axis=1)), 1, atol=1e-6)


def test_a_look_measures_depths_and_sizes() -> None:
    random = rng()
    wall = worlds.sheet(random, 4000, (-4, 3, -4), (8, 0, 0), (0, 0, 8))
    matter = Matter.of(wall)
    eye = (np.array([0.0, 0, 0]) - matter.origin) / matter.unit
    camera = Camera.looking_at(eye, eye + AHEAD, np.array([0, 0, 1.0]), fov=0.8, width=32, height=24, near=NEAR)
    look = Probe.of(matter).look(camera)
    assert look.coverage > 0.95
    np.testing.assert_allclose(look.depths[look.alpha > 0.5] * matter.unit, 3, rtol=0.01)
    np.testing.assert_allclose(np.exp(look.log_sizes[look.alpha > 0.5]), matter.sizes[0], rtol=0.01)
    assert 0 < look.sharpness.mean() < 1


def test_a_look_shows_what_is_in_front() -> None:
    near = worlds.sheet(rng(), 3000, (-1, 2, -1), (2, 0, 0), (0, 0, 2))
    far = worlds.sheet(rng(), 3000, (-1, 4, -1), (2, 0, 0), (0, 0, 2))
    matter = Matter.of(joined(near, far))
    eye = -matter.origin / matter.unit
    camera = Camera.looking_at(eye, eye + AHEAD, np.array([0, 0, 1.0]), fov=1.2, width=48, height=48, near=NEAR)
    shown = Probe.of(matter).look(camera).shows(matter)
    assert shown[:3000].mean() > 0.9
    assert shown[3000:].mean() < 0.1


def test_quantiles_and_boxes_are_weighted() -> None:
    values, weights = np.array([5.0, 1.0, 3.0]), np.array([1.0, 1.0, 8.0])
    np.testing.assert_array_equal(quantiles(values, weights, (0.05, 0.5, 0.95)), [1, 3, 5])
    points = np.vstack([rng().random((1000, 3)), [[1e6, -1e6, 0]]])
    low, high = box(points, np.ones(1001), 0.01)
    assert (low > -0.1).all()
    assert (high < 1.1).all()


def test_geometric_median_turns_with_the_points() -> None:
    points, weights = rng().normal(size=(500, 3)) * [1, 3, 9], rng().random(500)
    rotation = np.linalg.qr(rng().normal(size=(3, 3)))[0]
    outlier = np.vstack([points, [[1e7, 0, 0]]])
    median = geometric_median(points, weights)
    np.testing.assert_allclose(geometric_median(points @ rotation.T, weights), rotation @ median, atol=1e-3)
    np.testing.assert_allclose(geometric_median(outlier, np.append(weights, 1)), median, atol=0.2)


def test_points_fill_the_cube_evenly() -> None:
    points = evenly(64, rng())
    assert ((points >= 0) & (points < 1)).all()
    cells, counts = np.unique(np.floor(2 * points).astype(int), axis=0, return_counts=True)
    assert len(cells) == 8
    assert counts.max() <= 11


def test_a_subject_fills_the_picture() -> None:
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-2, 2) for z in (-1, 1)], float)
    lens = Lens(400, 300)
    distance = Subject(np.zeros(3), -1.0, corners, np.zeros(8)).distance(np.array([1.0, 0, 0]), lens)
    camera = lens.camera(np.array([distance, 0, 0]), np.zeros(3), np.array([0.0, 0, 1]), 0.1)
    x, y, z = camera.viewmat[:3, :3] @ corners.T + camera.viewmat[:3, 3:]
    across, along = np.abs(camera.K[0, 0] * x / z) / 200, np.abs(camera.K[1, 1] * y / z) / 150
    assert np.maximum(across, along).max() == pytest.approx(1, abs=1e-6)


def test_a_subject_is_without_floaters() -> None:
    scene = worlds.ball(rng())
    alone, among = (Subject.of(Matter.of(s)) for s in (scene, joined(scene, worlds.floaters(rng()))))
    np.testing.assert_allclose(among.middle, alone.middle, atol=0.3)
    assert among.bottom == pytest.approx(alone.bottom, abs=0.4)


class Fixed(Look):
    """A look that shows what it is told to."""

    shown: npt.NDArray[np.bool_]

    def __init__(self, shown: Sequence[int]) -> None:
        object.__setattr__(self, "shown", np.array(shown, np.bool_))

    def shows(self, matter: Matter) -> npt.NDArray[np.bool_]:
        return self.shown


UNSEEN = Fixed([])


def trial(eye: worlds.Point, quality: float = 1.0, look: Look = UNSEEN) -> Trial:
    return Trial(Shot(np.array(eye, float), np.array([0.0, 0, 0])), look, quality)


def test_far_apart_begins_with_the_best_and_spreads() -> None:
    trials = [trial((1, 0, 0)), trial((1, 0.01, 0)), trial((1, -0.01, 0)), trial((-1, 0, 0)), trial((0, 1, 0))]
    eyes = [tuple(shot.eye) for shot in far_apart(trials, 3)]
    assert eyes == [(1, 0, 0), (-1, 0, 0), (0, 1, 0)]
    assert len({id(shot) for shot in far_apart(trials, 5)}) == 5


def test_covering_prefers_what_was_not_shown_yet() -> None:
    matter = Matter.of(worlds.ball(rng(), 4))
    same, other = Fixed([1, 1, 1, 0]), Fixed([0, 0, 0, 1])
    trials = [trial((1, 0, 0), look=same), trial((2, 0, 0), look=same), trial((3, 0, 0), look=other)]
    assert [shot.eye[0] for shot in covering(trials, 3, matter)] == [1, 3, 2]


def test_shots_come_in_the_order_of_their_directions() -> None:
    angles = np.linspace(-3, 3, 5)
    shots = [Shot(np.array([-np.cos(a), -np.sin(a), 0]), np.zeros(3)) for a in angles]
    assert around([shots[i] for i in (3, 0, 4, 2, 1)]) == shots
