"""Pictures of a scene, what they say of each Gaussian, and retraining by them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ralhe.cameras import Camera, View, Views
from ralhe.errors import SceneError
from ralhe.fit.objective import influence_weights
from ralhe.fit.pictures import JUDGES, Pictures, mean_error, picture_size, take_pictures
from ralhe.fit.retraining import Leaves, retrain
from ralhe.fit.source import Source
from ralhe.gaussians import Gaussians
from ralhe.prepare import Voxelised, choose_grid, clean, voxelise
from ralhe.rasteriser import Splats, render
from ralhe.rasteriser.lens import EPS2D
from ralhe.rasteriser.sensitivity import Influence
from tests.scenes import joined, sphere

UP = np.array([0.0, -1.0, 0.0])


def ring(count: int = 16, photo: Path | None = None) -> Views:
    """Views of the unit sphere from all around."""
    turns = 2 * np.pi * np.arange(count) / count
    eyes = 4 * np.stack([np.cos(turns), 0.5 * np.sin(3 * turns), np.sin(turns)], 1)
    cameras = [Camera.looking_at(eye, np.zeros(3), UP, fov=0.7, width=64, height=48) for eye in eyes]
    return Views(tuple(View(f"{i:02}", camera, photo) for i, camera in enumerate(cameras)), ())


@pytest.fixture(scope="module")
def scene() -> Gaussians:
    return clean(sphere(400, 1)).gaussians


@pytest.fixture(scope="module")
def pictures(scene: Gaussians) -> Pictures:
    taken = take_pictures(scene, ring(), 16)
    assert taken is not None
    return taken


def voxels(scene: Gaussians, depth: int) -> Voxelised:
    return voxelise(scene, choose_grid(scene.positions, depth))


def test_one_picture_in_eight_is_held_out(pictures: Pictures) -> None:
    assert (len(pictures.learnt), len(pictures.judges)) == (14, 2)
    assert {id(p) for p in pictures.learnt}.isdisjoint(id(p) for p in pictures.judges)


def test_pictures_show_the_scene_as_it_came(scene: Gaussians, pictures: Pictures) -> None:
    assert mean_error(Splats.of(scene), pictures.all) < 1e-6
    assert mean_error(Splats.of(scene.take(np.arange(200))), pictures.all) > 1e-3


def test_photos_are_taken_instead_where_there_are_some(scene: Gaussians, tmp_path: Path) -> None:
    Image.new("RGB", (64, 48), (255, 128, 0)).save(tmp_path / "photo.png")
    taken = take_pictures(scene, ring(photo=tmp_path / "photo.png"), 4)
    assert taken is not None and len(taken.all) == 4 and taken.photographed
    assert taken.all[0].colour[10, 10].tolist() == pytest.approx([1, 128 / 255, 0], abs=1e-3)


def test_a_model_looks_like_photos_that_are_shrunk(scene: Gaussians, tmp_path: Path) -> None:
    """It is drawn smaller than it was trained, with as narrow a low-pass as there."""
    thin = replace(scene, log_scales=np.full((len(scene), 3), -5.0, np.float32))
    width, height = picture_size(len(thin))
    camera = Camera.looking_at(np.array([4.0, 0, 0]), np.zeros(3), UP, fov=0.7, width=2 * width, height=2 * height)
    photo = render(thin, camera).colour.clamp(0, 1).numpy() * 255
    Image.fromarray(np.rint(photo).astype(np.uint8)).save(tmp_path / "photo.png")
    taken = take_pictures(thin, Views((View("one", camera, tmp_path / "photo.png"),), ()), 1)
    assert taken is not None
    (picture,) = taken.all
    assert picture.camera.width == width
    assert picture.eps2d == pytest.approx(EPS2D / 4)
    wide = replace(picture, eps2d=EPS2D)
    splats = Splats.of(thin)
    assert float(picture.squares(splats)) < 0.2 * float(wide.squares(splats))
    whole = take_pictures(scene, ring(), 1)
    assert whole is not None and whole.all[0].eps2d == EPS2D


def test_renders_may_be_drawn_smaller_than_they_are_seen(scene: Gaussians) -> None:
    taken = take_pictures(scene, ring(), 1, drawn=32)
    assert taken is not None
    (picture,) = taken.all
    assert (picture.camera.width, picture.camera.height) == (32, 24)
    assert picture.eps2d == pytest.approx(EPS2D / 4)
    assert float(picture.squares(Splats.of(scene))) < 1e-3


def test_judges_may_be_larger_and_count_no_more_for_it(scene: Gaussians) -> None:
    small, mixed = (take_pictures(scene, ring(), JUDGES, drawn=32, judged=side) for side in (32, 64))
    assert small is not None and mixed is not None
    assert [p.camera.width for p in mixed.judges] == [64] and {p.camera.width for p in mixed.learnt} == {32}
    assert [p.weight for p in mixed.all] == [4] * (JUDGES - 1) + [1]
    for one, other in zip(small.seen, mixed.seen, strict=True):
        assert other.sum() == pytest.approx(one.sum(), rel=0.05)
    for told, taken in zip(mixed.influence(Splats.of(scene), 1, 1), mixed.seen, strict=True):
        np.testing.assert_allclose(told, taken, rtol=1e-3, atol=1e-3 * taken.max())


def test_no_more_pictures_than_asked_for_and_none_twice(scene: Gaussians) -> None:
    taken = take_pictures(scene, ring(), 5)
    assert taken is not None and len({tuple(p.camera.centre) for p in taken.all}) == 5


def test_views_of_our_own_make_up_the_number(scene: Gaussians) -> None:
    taken = take_pictures(scene, ring(), 24)
    assert taken is not None and len(taken.all) == 24 and not taken.photographed
    given = {tuple(view.camera.centre) for view in ring().fit}
    assert sum(tuple(p.camera.centre) in given for p in taken.all) == 16
    assert mean_error(Splats.of(scene), taken.all) < 1e-6


def test_renders_from_elsewhere_join_photos(scene: Gaussians, tmp_path: Path) -> None:
    Image.new("RGB", (64, 48), (255, 128, 0)).save(tmp_path / "photo.png")
    taken = take_pictures(scene, ring(photo=tmp_path / "photo.png"), 24)
    assert taken is not None and len(taken.all) == 24
    orange = [bool((p.colour[0, 0] - torch.tensor([1, 128 / 255, 0])).abs().max() < 1e-3) for p in taken.all]
    assert orange.count(True) == 16


def test_placed_pictures_are_on_black_and_on_white_given_ones_as_given(scene: Gaussians, pictures: Pictures) -> None:
    taken = take_pictures(scene, None, 12)
    assert taken is not None
    corners = [tuple(p.colour[0, 0].tolist()) for p in taken.all]
    assert {(0.0, 0.0, 0.0), (1.0, 1.0, 1.0)} <= set(corners)
    assert [p.background.tolist() for p in taken.all].count([1.0, 1.0, 1.0]) == 4
    assert {tuple(p.background.tolist()) for p in pictures.all} == {(0.0, 0.0, 0.0)}
    assert mean_error(Splats.of(scene), taken.all) < 1e-6


def test_a_scene_without_cameras_gets_some(scene: Gaussians) -> None:
    taken = take_pictures(scene, None, JUDGES)
    assert taken is not None and len(taken.judges) == 1
    assert (taken.all[0].colour > 0.1).any()


def test_nothing_to_see_makes_no_pictures() -> None:
    bad = replace(sphere(3), positions=np.full((3, 3), np.nan))
    assert take_pictures(bad, None, 4) is None


def test_stopping_ends_the_taking(scene: Gaussians) -> None:
    taken = take_pictures(scene, ring(), 16, step=lambda: False)
    assert taken is not None and len(taken.all) == 1


def test_small_scenes_get_small_pictures() -> None:
    assert picture_size(1) == (64, 48)
    assert picture_size(3000) == (400, 300)
    assert picture_size(10**6) == (800, 600)


def test_what_is_seen_is_worth_more_than_what_is_hidden(scene: Gaussians, pictures: Pictures) -> None:
    """A cloud of as many Gaussians inside the opaque sphere is the first to go."""
    solid = replace(scene, opacity_logits=np.full(400, 6.0), log_scales=np.full((400, 3), -1.8))
    inside = replace(solid, positions=0.2 * solid.positions)
    both = joined(inside, solid)
    source = Source.of(both, both, pictures.of_other(Splats.of(both)))
    kept, _ = source.fill(400, 12)
    assert (np.linalg.norm(both.positions[kept], axis=1) > 0.5).mean() > 0.95
    assert (source.worth[kept] > 0).all()


def half_of(scene: Gaussians) -> tuple[Voxelised, Voxelised]:
    """What a source makes of every other Gaussian, and these alone."""
    source = Source.of(scene, scene, take_pictures(scene, ring(), 16))
    kept, grid = np.arange(0, len(scene), 2), choose_grid(scene.positions, 12)
    return source.voxelise(kept, grid, 0), voxelise(scene.with_sh_degree(0).take(kept), grid, source.worth[kept])


def test_what_is_pruned_merges_where_that_looks_better(scene: Gaussians) -> None:
    made, alone = half_of(replace(scene, log_scales=np.full((400, 3), -2.5), opacity_logits=np.full(400, 3.0)))
    assert (made.codes == alone.codes).all()
    assert made.log_covariances[:, :3].mean() > alone.log_covariances[:, :3].mean() + 0.05
    assert made.weights.sum() > 1.5 * alone.weights.sum()


def test_what_is_pruned_is_left_out_where_that_looks_better(scene: Gaussians) -> None:
    """Every other one far behind its neighbour: what merges with it would reach through the scene."""
    inner = np.where(np.arange(400)[:, None] % 2 == 1, 0.3, 1.0).astype(np.float32)
    made, alone = half_of(replace(scene, positions=scene.positions * inner, log_scales=np.full((400, 3), -1.8),
                                  opacity_logits=np.full(400, 6.0)))  # fmt: skip
    assert np.array_equal(made.log_covariances, alone.log_covariances)
    assert np.array_equal(made.sh, alone.sh)


def test_taking_pictures_tells_what_they_show(scene: Gaussians, pictures: Pictures) -> None:
    for taken, asked in zip(pictures.seen, pictures.of_other(Splats.of(scene)).seen, strict=True):
        np.testing.assert_allclose(taken, asked, rtol=1e-12)
    assert (pictures.seen.visibility > 0).mean() > 0.9


def test_splats_are_drawn_where_the_picture_is(scene: Gaussians, pictures: Pictures) -> None:
    elsewhere = replace(pictures.all[0], colour=pictures.all[0].colour.to("meta"))
    with pytest.raises(SceneError, match="the tensors are on meta"):
        elsewhere.squares(Splats.of(scene))


def test_without_pictures_a_guess_orders_gaussians(scene: Gaussians) -> None:
    scales, logits = np.tile(np.arange(400)[:, None] / 100, 3).astype(np.float32), np.zeros(400, np.float32)
    large = replace(scene, log_scales=scales, opacity_logits=logits)
    kept, _ = Source.of(large, large, None).fill(10, 12)
    assert kept.tolist() == list(range(390, 400))


def test_voxels_are_counted_in_the_grid_that_is_used() -> None:
    """The place that makes the grid a contracted one, finer in the middle, is not among those that it is guessed by."""
    scene, planned = sphere(600, 0), 400
    positions = np.random.default_rng(1).uniform(0, 1, (600, 3)).astype(np.float32)
    positions[:4, 0], positions[planned + 5, 0] = 7.5, 9.0
    alike = replace(scene, positions=positions, log_scales=np.full((600, 3), -3.0))
    ordered = replace(alike, opacity_logits=np.linspace(5, -5, 600, dtype=np.float32))
    guess = choose_grid(ordered.positions[:planned], 6)
    kept, grid = Source.of(ordered, ordered, None).fill(planned, 6)
    assert grid.contracted and not guess.contracted
    assert len(np.unique(grid.codes(ordered.positions[kept]))) == planned


def test_leaves_are_the_voxelised_scene(scene: Gaussians) -> None:
    coarse = voxels(scene, 6)
    leaves = Leaves(coarse)
    back = leaves.scene()
    np.testing.assert_allclose(back.sh, coarse.sh, atol=1e-6)
    np.testing.assert_allclose(back.log_covariances, coarse.log_covariances, atol=1e-6)
    centres = leaves.splats(False).means.numpy()
    assert (coarse.grid.codes(centres) == coarse.codes).all()
    assert np.abs(centres - voxels(scene, 6).grid.centres(coarse.codes)).max() == 0


def test_retraining_brings_a_pruned_scene_nearer_to_its_pictures(scene: Gaussians, pictures: Pictures) -> None:
    coarse = voxels(scene.take(np.arange(0, 400, 2)), 7)
    steps: list[int] = []

    def step() -> bool:
        steps.append(1)
        return True

    trained = retrain(coarse, pictures, 60, False, step)
    before, after = (mean_error(Leaves(s).splats(False), pictures.judges) for s in (coarse, trained))
    assert after < 0.8 * before
    assert len(steps) == 60
    assert (trained.codes == coarse.codes).all()


def test_retraining_never_does_harm(pictures: Pictures, scene: Gaussians) -> None:
    """Judged by pictures it did not learn from; a black learnt list would darken the scene."""
    coarse = voxels(scene, 9)
    dark = tuple(replace(p, colour=torch.zeros_like(p.colour)) for p in pictures.learnt)
    assert retrain(coarse, replace(pictures, learnt=dark), 20, False, lambda: True) is coarse


def test_retraining_stops_when_told(pictures: Pictures, scene: Gaussians) -> None:
    steps: list[int] = []

    def step() -> bool:
        steps.append(1)
        return len(steps) < 3

    retrain(voxels(scene, 6), pictures, 1000, False, step)
    assert len(steps) == 3


def test_influence_weighs_errors() -> None:
    half = np.full(3, 0.5, np.float32)
    weights = influence_weights(Influence(np.array([0.0, 1, 4]), np.array([0.0, 1, 4])), half)
    assert weights.shape == (3, 3)
    np.testing.assert_allclose(weights.mean(axis=0), 1)
    assert (weights[0] < 0.01).all() and (weights[2] / weights[1]).tolist() == pytest.approx([2, 2, 2])
    opaque = influence_weights(Influence(np.ones(2), np.ones(2)), np.array([0.5, 0.999], np.float32))
    assert opaque[1, 0] < 0.1 * opaque[0, 0] and opaque[1, 1] == opaque[0, 1]
