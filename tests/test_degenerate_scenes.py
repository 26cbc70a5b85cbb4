"""Scenes at the edges of what a scene can be: each encodes to a stream that decodes to finite numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import ralhe
from ralhe import bitstream, metrics
from ralhe.encoding import encode
from ralhe.gaussians import Gaussians
from ralhe.outcome import EncodeReport
from tests.scenes import all_finite, identical, sphere

SIZE = 6_000


def encoded(scene: Gaussians, depth: int | None = None) -> tuple[EncodeReport, Gaussians]:
    """Report and decoded scene of a fast encode, with what every encode owes its caller."""
    report = encode(scene, size=SIZE, preset="fast", depth=depth)
    assert len(report.data) <= SIZE
    decoded = ralhe.decode(report.data)
    assert len(decoded) == report.leaves <= report.kept <= report.source_gaussians - report.dropped
    assert all_finite(decoded)
    return report, decoded


def likeness(scene: Gaussians, decoded: Gaussians) -> float:
    """PSNR in decibels of the worst of six views that no fit has seen."""
    views = ralhe.place_views(scene, fit=0, test=6, size=(160, 120)).test
    pairs = ([ralhe.render(s, view.camera).colour.clamp(0, 1).numpy() for s in (scene, decoded)] for view in views)
    return min(metrics.psnr(*pair) for pair in pairs)


def moved(positions: np.ndarray, scene: Gaussians | None = None) -> Gaussians:
    return replace(scene or sphere(len(positions)), positions=positions.astype(np.float32))


@pytest.mark.parametrize("degree", range(4))
@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_gaussians(n: int, degree: int) -> None:
    scene = replace(sphere(n, degree), opacity_logits=np.ones(n, np.float32))
    report, decoded = encoded(scene)
    assert report.leaves == n
    order = np.argsort(decoded.positions[:, 0])
    wanted = np.argsort(scene.positions[:, 0])
    np.testing.assert_allclose(decoded.positions[order], scene.positions[wanted], atol=0.01)
    if n:
        np.testing.assert_allclose(decoded.sh[order, 0], scene.sh[wanted, 0], atol=0.1)
        assert likeness(scene, decoded) > 35


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_gaussians_at_a_lambda(n: int) -> None:
    report = encode(sphere(n, 3), lmbda=0.02, preset="fast")
    assert len(ralhe.decode(report.data)) == n


def test_no_gaussians_keep_their_degree() -> None:
    report, decoded = encoded(sphere(0, 3))
    assert decoded.sh.shape == (0, 16, 3)
    assert len(report.data) < 100
    assert bitstream.info(report.data).level_ends == ()


@pytest.mark.parametrize(("n", "decibels"), [(2, 30), (1000, 12)])  # one splat has no edge as sharp as a thousand's
def test_identical_gaussians_become_one(n: int, decibels: float) -> None:
    scene = identical(n, 1)
    report, decoded = encoded(scene)
    assert report.leaves == 1
    np.testing.assert_allclose(decoded.positions[0], scene.positions[0], rtol=1e-3)
    assert likeness(scene, decoded) > decibels


@pytest.mark.parametrize("offset", [0.0, 5.0, 1e4, -1e7])
def test_all_in_one_voxel(offset: float) -> None:
    scene = moved(sphere(300).positions * 1e-30 + offset)
    report, decoded = encoded(scene)
    assert report.leaves == 1
    np.testing.assert_allclose(decoded.positions, offset, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("axes", [(0,), (0, 1)])
def test_lines_and_planes(axes: tuple[int, ...]) -> None:
    positions = np.zeros((300, 3))
    for axis in axes:
        positions[:, axis] = np.random.default_rng(axis).uniform(-1, 1, 300)
    report, decoded = encoded(moved(positions))
    assert report.leaves > 100
    assert np.abs(np.delete(decoded.positions, axes, axis=1)).max() < 4 / 2**report.depth


@pytest.mark.parametrize("depth", [None, 1, 21])
def test_extent_of_two_to_the_21(depth: int | None) -> None:
    scene = moved(sphere(300).positions * 2**21)
    report, decoded = encoded(scene, depth)
    assert report.leaves == (8 if depth == 1 else 300)
    assert np.ptp(decoded.positions) == pytest.approx(np.ptp(scene.positions), rel=0.6 if depth == 1 else 0.01)


def test_far_from_the_origin() -> None:
    scene = moved(sphere(300).positions * 10 + 500_000)
    _, decoded = encoded(scene)
    distances = np.abs(decoded.positions[:, None] - scene.positions[None]).max(axis=2).min(axis=1)
    assert distances.max() < 0.1


@pytest.mark.parametrize("distance", [1e6, 1e9, 1e15])
def test_outliers(distance: float) -> None:
    positions = sphere(400).positions.copy()
    positions[:3] *= distance
    scene = moved(positions)
    report, decoded = encoded(replace(scene, opacity_logits=np.full(400, 2.0), log_scales=np.full((400, 3), -3.0)))
    assert bitstream.info(report.data).contracted
    radii = np.linalg.norm(decoded.positions, axis=1)
    assert np.count_nonzero(radii > distance / 2) == 3
    assert np.median(np.abs(radii - 1)) < 0.15


@pytest.mark.parametrize("distance", [1e20, 1e30, 3e38])
def test_outliers_that_no_camera_reaches_are_dropped(distance: float) -> None:
    positions = sphere(400).positions.copy()
    positions[:3] = positions[:3] / np.abs(positions[:3]).max(axis=1, keepdims=True) * distance
    report, decoded = encoded(replace(moved(positions), opacity_logits=np.full(400, 2.0)))
    assert report.dropped == 3
    assert np.abs(decoded.positions).max() < 2


def test_outliers_of_a_tiny_scene() -> None:
    positions = sphere(400).positions * 1e-20
    positions[:3] = np.diag([1e15, -1e15, 1e15])
    scene = replace(moved(positions), opacity_logits=np.full(400, 2.0), log_scales=np.full((400, 3), -49.0))
    report, decoded = encoded(scene)
    assert bitstream.info(report.data).contracted
    radii = np.linalg.norm(decoded.positions, axis=1)
    assert np.count_nonzero(radii > 1) == 3
    assert np.median(np.abs(radii / 1e-20 - 1)) < 0.15


def test_not_finite_ones_are_dropped_and_counted() -> None:
    positions = sphere(300).positions.copy()
    positions[:20], positions[20:30] = np.nan, np.inf
    scene = replace(moved(positions), opacity_logits=np.zeros(300, np.float32))
    report, decoded = encoded(scene)
    assert report.dropped == 30
    assert report.leaves == 270
    low, high = bitstream.info(report.data).bounding_box
    assert bool(np.isfinite([low, high]).all())
    assert np.abs(decoded.positions).max() < 2


def test_infinite_logits_are_opaque_or_unseen() -> None:
    logits = np.zeros(300, np.float32)
    logits[:100], logits[100:150] = np.inf, -np.inf
    report, decoded = encoded(replace(sphere(300), opacity_logits=logits))
    assert report.dropped == 50
    assert np.count_nonzero(decoded.opacity_logits > 6) == 100
    assert np.count_nonzero(np.abs(decoded.opacity_logits) < 2) == 150


def test_zero_quaternions_are_the_identity() -> None:
    log_scales = np.tile([-1.0, -3.0, -5.0], (200, 1))
    scene = replace(sphere(200), rotations=np.zeros((200, 4), np.float32), log_scales=log_scales)
    _, decoded = encoded(scene)
    axes = np.argsort(-decoded.log_scales, axis=1)
    assert len(decoded) > 100
    np.testing.assert_allclose(np.sort(decoded.log_scales, axis=1).mean(axis=0), [-5, -3, -1], atol=0.3)
    np.testing.assert_allclose(np.abs(decoded.rotations[axes[:, 0] == 0, 0]).mean(), 1, atol=0.05)


def test_all_transparent_is_an_empty_stream() -> None:
    report, decoded = encoded(replace(sphere(100, 2), opacity_logits=np.full(100, -20.0)))
    assert (report.dropped, report.leaves, len(decoded)) == (100, 0, 0)
    assert decoded.sh_degree == 2


@pytest.mark.parametrize("log_scale", [-80.0, 30.0])
def test_scales_of_any_size(log_scale: float) -> None:
    report, _ = encoded(replace(sphere(200), log_scales=np.full((200, 3), log_scale)))
    assert report.leaves > 100


def test_colours_of_any_size() -> None:
    report, decoded = encoded(replace(sphere(100, 0), sh=sphere(100, 0).sh * 1e4))
    assert report.leaves > 50
    assert np.abs(decoded.sh).max() < 2e4


def test_one_level() -> None:
    report, decoded = encoded(sphere(300), depth=1)
    assert report.leaves == len(decoded) == 8
    assert len(np.unique(np.sign(decoded.positions), axis=0)) == 8
