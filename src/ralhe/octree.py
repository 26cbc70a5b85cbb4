"""Morton order: the position of a voxel on the octree's depth-first path."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

MAX_DEPTH = 21
"""Three bits per level fit in 64-bit codes."""

Codes = npt.NDArray[np.uint64]


def morton_codes(voxels: npt.NDArray[np.int64], depth: int) -> Codes:
    """[N] codes of [N, 3] voxel indices below 2**depth: bit 3b is bit b of x, then y, then z."""
    codes = np.zeros(len(voxels), np.uint64)
    unsigned = voxels.astype(np.uint64)
    for bit in range(depth):
        for axis in range(3):
            codes |= (unsigned[:, axis] >> np.uint64(bit) & np.uint64(1)) << np.uint64(3 * bit + axis)
    return codes


def voxels_of(codes: Codes, depth: int) -> npt.NDArray[np.int64]:
    """[N, 3] voxel indices below 2**depth of [N] Morton codes."""
    voxels = np.zeros((len(codes), 3), np.int64)
    for bit in range(depth):
        for axis in range(3):
            voxels[:, axis] |= (codes >> np.uint64(3 * bit + axis) & np.uint64(1)).astype(np.int64) << bit
    return voxels
