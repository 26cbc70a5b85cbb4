"""Positions alone, by the octree coder of ralhe."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.baselines import positions
from ralhe.bitstream import info
from ralhe.prepare.voxels import VoxelGrid
from tests.scenes import chain_codes, surface_codes, uniform_codes
from tests.streams import make_stream


@pytest.mark.parametrize(
    ("codes", "depth"),
    [(np.zeros(1, np.uint64), 3), (chain_codes(14), 14), (surface_codes(900, 8), 8), (uniform_codes(700, 12), 12)],
)
def test_voxels_come_back(codes: np.typing.NDArray[np.uint64], depth: int) -> None:
    grid = VoxelGrid(depth, (1.5, -2.0, 3.0), 0.25, (1.0, 0.0, 2.0), 0.5)
    found, of = positions.decode(positions.encode(codes, grid))
    assert np.array_equal(found, codes)
    assert of == grid


def test_bytes_are_those_of_a_stream_of_ralhe() -> None:
    codes = surface_codes(900, 8)
    made = make_stream(codes, 8)
    geometry = sum(section.length for section in info(made.data).sections if section.kind == "geometry")
    assert geometry < len(positions.encode(codes, VoxelGrid(8, (0.0, 0.0, 0.0), 1.0))) < geometry + 150
