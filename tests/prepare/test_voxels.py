"""The grid: every Gaussian inside, plain or contracted, and values the header can hold."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from ralhe.octree import MAX_DEPTH, morton_codes
from ralhe.prepare import VoxelGrid, choose_grid
from tests.scenes import sphere


def with_outliers(distance: float, n: int = 500, far: int = 4) -> npt.NDArray[np.float32]:
    """A sphere near (1, 2, 3) and a few points `distance` away."""
    positions = sphere(n).positions + np.array([1, 2, 3], np.float32)
    directions = np.random.default_rng(1).normal(size=(far, 3))
    directions *= distance / np.linalg.norm(directions, axis=1, keepdims=True)
    return np.concatenate([positions, directions.astype(np.float32)])


def cells(grid: VoxelGrid, positions: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """[N, 3] places in voxels, before anything is clipped to the box."""
    u = positions.astype(np.float64)
    if grid.contracted:
        u = np.arcsinh((u - np.array(grid.centre)) / grid.scale)
    return np.asarray((u - np.array(grid.origin)) / grid.voxel)


def centres(grid: VoxelGrid, positions: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """[N, 3] scene positions of the centres of the voxels that hold positions."""
    u = np.array(grid.origin) + (np.floor(cells(grid, positions)) + 0.5) * grid.voxel
    return np.array(grid.centre) + grid.scale * np.sinh(u) if grid.contracted else u


@pytest.mark.parametrize("depth", [1, 8, 12, 16, 21])
@pytest.mark.parametrize("distance", [1.0, 100.0, 1e6, 1e12])
def test_everything_lies_inside(depth: int, distance: float) -> None:
    positions = with_outliers(distance)
    grid = choose_grid(positions, depth)
    places = cells(grid, positions)
    slack = 2.0**depth * 1e-6 + 1e-3
    assert places.min() >= -slack
    assert places.max() <= 2**depth + slack
    assert grid.codes(positions).max() < 8**depth


def test_contraction_only_where_a_few_lie_far_out() -> None:
    assert not choose_grid(sphere(500).positions, 12).contracted
    assert not choose_grid(with_outliers(3.0), 12).contracted
    assert choose_grid(with_outliers(100.0), 12).contracted
    assert not choose_grid(with_outliers(100.0, n=50), 12).contracted  # too few to know


def test_contraction_spends_voxels_on_the_middle() -> None:
    positions = with_outliers(1e4)
    grid = choose_grid(positions, 12)
    middle = positions[:500]
    plain = (positions.max() - positions.min()) / 2**12
    error = np.abs(centres(grid, middle) - middle).max()
    assert error < plain / 50
    far = np.abs(centres(grid, positions) - positions).max(axis=1) / np.linalg.norm(positions, axis=1)
    assert far.max() < 0.01
    assert grid.scene_voxel == pytest.approx(grid.voxel * grid.scale)


@pytest.mark.parametrize("distance", [1.0, 1e6])
def test_header_holds_the_grid_exactly(distance: float) -> None:
    grid = choose_grid(with_outliers(distance), 12)
    for value in (*grid.origin, grid.voxel, *grid.centre, grid.scale):
        assert float(np.float32(value)) == value


@pytest.mark.parametrize("shift", [0.0, 10.0, 1e4, -1e6])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_points_have_a_grid(n: int, shift: float) -> None:
    positions = np.full((n, 3), shift, np.float32)
    grid = choose_grid(positions, 10)
    assert grid.voxel > 0
    assert len(np.unique(grid.codes(positions))) == 1
    assert bool((cells(grid, positions) >= 0).all())
    assert bool((cells(grid, positions) < 2**10).all())


def test_no_points_have_a_grid_too() -> None:
    grid = choose_grid(np.zeros((0, 3), np.float32), 5)
    assert grid.voxel > 0
    assert len(grid.codes(np.zeros((0, 3), np.float32))) == 0


@pytest.mark.parametrize("extent", [2.0**21, 1e-3, 1.0])
def test_scaling_the_scene_scales_the_grid(extent: float) -> None:
    positions = sphere(300).positions
    codes = choose_grid(positions, 10).codes(positions)
    scaled = (positions * np.float32(extent)).astype(np.float32)
    found = choose_grid(scaled, 10).codes(scaled)
    assert np.mean(found == codes) > 0.98


def test_voxels_of_a_known_grid() -> None:
    grid = VoxelGrid(2, (0.0, 0.0, 0.0), 1.0)
    positions = np.array([[0.5, 0.5, 0.5], [1.5, 0, 0], [0, 1.5, 0], [0, 0, 1.5], [3.9, 3.9, 3.9], [9, -9, 0]])
    assert grid.codes(positions.astype(np.float32)).tolist() == [0, 1, 2, 4, 63, 9]


def test_morton_codes_use_all_21_levels() -> None:
    top = 2**MAX_DEPTH - 1
    voxels = np.array([[top, 0, 0], [0, top, 0], [0, 0, top], [top, top, top]], np.int64)
    x = 0x1249249249249249
    assert morton_codes(voxels, MAX_DEPTH).tolist() == [x, 2 * x, 4 * x, 8**MAX_DEPTH - 1]




@pytest.mark.parametrize("depth", [1, 7, 16])
@pytest.mark.parametrize("spread", [1.0, 1e4])
def test_centres_lie_in_their_voxels(depth: int, spread: float) -> None:
    rng = np.random.default_rng(depth)
    positions = rng.normal(0, 1, (300, 3)).astype(np.float32)
    positions[0] *= spread
    grid = choose_grid(positions, depth)
    codes = np.unique(grid.codes(positions))
    assert grid.contracted is (spread > 1)
    assert (grid.codes(grid.centres(codes)) == codes).all()
