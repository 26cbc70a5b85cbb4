"""One Gaussian per voxel: what merging keeps, and in which order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from ralhe.gaussians import Gaussians
from ralhe.prepare import VoxelGrid, Voxelised, attributes_of, choose_grid, clean, footprint, gaussians_of, voxelise
from ralhe.prepare.attributes import OPPONENT
from ralhe.prepare.covariance import covariances
from ralhe.prepare.importance import projected_area
from tests.scenes import identical, matrices_of, sphere

ONE_VOXEL = VoxelGrid(1, (-4.0, -4.0, -4.0), 8.0)


def together(n: int, seed: int = 0) -> Gaussians:
    """Cleaned Gaussians that all lie in the lower voxel of ONE_VOXEL."""
    scene = clean(sphere(3 * n, 1, seed)).gaussians
    return replace(scene, positions=np.clip(scene.positions, -3.9, 3.9)).take(np.arange(n))


def covariance_of(merged: Voxelised, row: int = 0) -> npt.NDArray[np.float64]:
    values, vectors = np.linalg.eigh(matrices_of(merged.log_covariances)[row])
    return np.asarray((vectors * np.exp(2 * values)) @ vectors.T)


def assert_same(left: Voxelised, right: Voxelised) -> None:
    for name in ("codes", "opacity_logits", "log_covariances", "sh", "weights"):
        assert np.array_equal(getattr(left, name), getattr(right, name)), name


@pytest.mark.parametrize("n", [2, 3, 50])
def test_mean_and_second_moment_are_kept(n: int) -> None:
    scene = together(n)
    share = footprint(scene) / footprint(scene).sum()
    positions = scene.positions.astype(np.float64)
    mean = share @ positions
    offsets = positions - mean
    parts = covariances(scene.log_scales, scene.rotations) + offsets[:, :, None] * offsets[:, None, :]
    merged = voxelise(scene, replace(ONE_VOXEL, voxel=8.0))
    assert len(merged) == 1
    expected = np.einsum("n,nij->ij", share, parts)
    floor = (0.1 * 8.0) ** 2
    values, vectors = np.linalg.eigh(expected)
    lifted = (vectors * np.maximum(values, floor)) @ vectors.T
    np.testing.assert_allclose(covariance_of(merged), lifted, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(merged.sh[0], np.einsum("n,nkc->kc", share, scene.sh), rtol=1e-5, atol=1e-6)
    assert merged.weights[0] == pytest.approx(footprint(scene).sum())


def test_second_moment_is_exact_where_nothing_is_thin() -> None:
    scene = replace(together(20), log_scales=np.full((20, 3), np.log(1.0)))
    merged = voxelise(scene, ONE_VOXEL)
    share = footprint(scene) / footprint(scene).sum()
    offsets = scene.positions - share @ scene.positions
    expected = np.eye(3) + np.einsum("n,ni,nj->ij", share, offsets, offsets)
    np.testing.assert_allclose(covariance_of(merged), expected, rtol=1e-5, atol=1e-6)


def test_weights_given_from_outside_count() -> None:
    scene = together(2)
    merged = voxelise(scene, ONE_VOXEL, np.array([3.0, 1.0]))
    np.testing.assert_allclose(merged.sh[0], 0.75 * scene.sh[0] + 0.25 * scene.sh[1], rtol=1e-5, atol=1e-6)
    assert merged.weights[0] == 4.0


def test_opacity_keeps_opacity_times_area() -> None:
    scene = replace(together(3), log_scales=np.full((3, 3), np.log(1.0)), opacity_logits=np.full(3, -3.0))
    merged = voxelise(scene, ONE_VOXEL)
    opacity = 1 / (1 + np.exp(-merged.opacity_logits[0]))
    values = 0.5 * np.log(np.linalg.eigvalsh(covariance_of(merged)))[None]
    wanted = float((projected_area(scene.log_scales) * scene.opacities).sum() / projected_area(values)[0])
    assert opacity == pytest.approx(wanted, rel=1e-5)


def test_opacity_stays_below_one() -> None:
    scene = replace(identical(50), opacity_logits=np.full(50, 8.0))
    merged = voxelise(clean(scene).gaussians, choose_grid(scene.positions, 4))
    assert merged.opacity_logits.tolist() == pytest.approx([np.log(0.9995 / 0.0005)])


def test_faint_parts_spread_wide_stay_visible() -> None:
    scene = replace(together(2), positions=np.array([[-3.9, 0, 0], [3.9, 0, 0]]), opacity_logits=np.full(2, -5.5),
                    log_scales=np.full((2, 3), -6.0))  # fmt: skip
    merged = voxelise(scene, ONE_VOXEL)
    assert 1 / (1 + np.exp(-merged.opacity_logits[0])) == pytest.approx(1 / 255)


def test_alone_in_its_voxel_nothing_changes() -> None:
    scene = clean(sphere(100, 2)).gaussians
    grid = choose_grid(scene.positions, 16)
    merged = voxelise(scene, grid)
    order = np.argsort(grid.codes(scene.positions))
    assert len(merged) == len(scene)
    assert np.array_equal(merged.sh, scene.sh[order])
    assert np.array_equal(merged.opacity_logits, scene.opacity_logits[order].astype(np.float64))
    assert bool((merged.codes[1:] > merged.codes[:-1]).all())


def test_thin_ones_are_as_thick_as_a_tenth_of_a_voxel() -> None:
    scene = replace(clean(sphere(50)).gaussians, log_scales=np.full((50, 3), -50.0)).take(np.arange(20))
    grid = choose_grid(scene.positions, 16)
    values = np.linalg.eigvalsh(matrices_of(voxelise(scene, grid).log_covariances))
    np.testing.assert_allclose(values, np.log(0.1 * grid.scene_voxel), rtol=1e-6)


def test_same_input_same_bits() -> None:
    scene = clean(sphere(2000, 1)).gaussians
    grid = choose_grid(scene.positions, 5)
    first = voxelise(scene, grid)
    assert len(first) < len(scene)
    assert_same(first, voxelise(scene, grid))


def test_order_of_input_does_not_matter_without_ties() -> None:
    scene = clean(sphere(300, 1)).gaussians
    grid = choose_grid(scene.positions, 18)
    shuffled = scene.take(np.random.default_rng(0).permutation(len(scene)))
    assert_same(voxelise(scene, grid), voxelise(shuffled, grid))


def test_order_of_ties_changes_nothing_but_rounding() -> None:
    scene = clean(sphere(2000, 1)).gaussians
    grid = choose_grid(scene.positions, 4)
    first, second = voxelise(scene, grid), voxelise(scene.take(np.arange(len(scene))[::-1]), grid)
    assert np.array_equal(first.codes, second.codes)
    for name in ("opacity_logits", "log_covariances", "sh", "weights"):
        np.testing.assert_allclose(getattr(first, name), getattr(second, name), rtol=1e-4, atol=1e-5)


def test_identical_ones_merge_to_themselves() -> None:
    scene = clean(identical(7, 1)).gaussians
    grid = replace(choose_grid(scene.positions, 3), voxel=1e-4)
    merged, one = voxelise(scene, grid), voxelise(scene.take(np.array([0])), grid)
    np.testing.assert_allclose(merged.log_covariances, one.log_covariances, atol=1e-5)
    np.testing.assert_allclose(merged.sh, one.sh, atol=1e-6)
    assert merged.opacity_logits[0] >= one.opacity_logits[0]


def test_attributes_are_logit_colour_shape_harmonics() -> None:
    scene = clean(sphere(60, 2)).gaussians
    merged = voxelise(scene, choose_grid(scene.positions, 12))
    attributes = attributes_of(merged)
    assert attributes.shape == (len(merged), 10 + 24)
    np.testing.assert_allclose(attributes[:, 0], merged.opacity_logits, rtol=1e-6)
    np.testing.assert_allclose(attributes[:, 1], merged.sh[:, 0].sum(axis=1) / 3**0.5, atol=1e-5)
    np.testing.assert_allclose(attributes[:, 4:10], merged.log_covariances, rtol=1e-5, atol=1e-5)
    chroma = attributes[:, 10 + 8 : 10 + 16]  # u of the eight harmonics
    np.testing.assert_allclose(chroma, (merged.sh[:, 1:, 0] - merged.sh[:, 1:, 2]) / 2**0.5, atol=1e-5)
    np.testing.assert_allclose(OPPONENT @ OPPONENT.T, np.eye(3), atol=1e-12)


def test_gaussians_of_voxels_fall_into_the_same_voxels() -> None:
    source = clean(sphere(300, 2)).gaussians
    grid = choose_grid(source.positions, 9)
    scene = voxelise(source, grid)
    again = voxelise(gaussians_of(scene), grid)
    assert (again.codes == scene.codes).all()
    np.testing.assert_allclose(again.log_covariances, scene.log_covariances, atol=1e-4)
    np.testing.assert_allclose(again.opacity_logits, scene.opacity_logits, atol=1e-5)
    assert (again.sh == scene.sh).all()


def test_some_may_belong_to_the_voxels_of_others() -> None:
    scene = clean(sphere(30)).gaussians
    grid = choose_grid(scene.positions, 12)
    merged = voxelise(scene, grid, homes=np.arange(30) // 3)
    assert merged.codes.tolist() == np.sort(grid.codes(scene.positions[:10])).tolist()
    one = voxelise(scene.take(np.arange(3)), replace(ONE_VOXEL, voxel=grid.voxel * 2**11))
    row = merged.codes.tolist().index(grid.codes(scene.positions[:1])[0])
    np.testing.assert_allclose(merged.sh[row], one.sh[0], rtol=1e-6)
    np.testing.assert_allclose(merged.weights.sum(), footprint(scene).sum())
