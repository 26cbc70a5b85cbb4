"""The grid of voxels: a cube around the scene, or around its contraction where a few Gaussians lie far out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ralhe.octree import Codes, morton_codes, voxels_of

CONTRACT_ABOVE = 8.0
"""Contract where the box of all is this many times the box of the middle 98% (measured in docs/design.md)."""

MOST_CONTRACTED = 59.0
"""Of coordinates u: decoders take sinh no further than 60. What lies beyond is brought nearer, 1e25 scales away."""


@dataclass(frozen=True)
class VoxelGrid:
    """2**depth voxels per axis over a cube of the coordinates u, float32 values as the header stores them.

    u is the scene position x, or asinh((x - centre) / scale) per axis where `scale` is not zero.
    """

    depth: int
    origin: tuple[float, float, float]
    voxel: float  # edge of a voxel, in units of u
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: float = 0.0

    @property
    def contracted(self) -> bool:
        return self.scale > 0

    @property
    def scene_voxel(self) -> float:
        """Edge of a voxel in scene units; at the centre, where the grid is contracted."""
        return self.voxel * self.scale if self.contracted else self.voxel

    def codes(self, positions: npt.NDArray[np.float32]) -> Codes:
        """[N] Morton codes of the voxels that hold [N, 3] scene positions; outside points go to the border."""
        cells = (self._forward(positions) - np.array(self.origin)) / self.voxel
        voxels = np.clip(np.floor(cells), 0, 2**self.depth - 1).astype(np.int64)
        return morton_codes(voxels, self.depth)

    def centres(self, codes: Codes) -> npt.NDArray[np.float32]:
        """[N, 3] scene positions of the centres of voxels with [N] Morton codes: the decoder's, but for rounding."""
        u = (voxels_of(codes, self.depth) + 0.5) * self.voxel + np.array(self.origin)
        x = np.array(self.centre) + self.scale * np.sinh(u) if self.contracted else u
        return np.asarray(x, np.float32)

    def _forward(self, positions: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        x = positions.astype(np.float64)
        return _contract(x, self.centre, self.scale) if self.contracted else x


def _contract(x: npt.NDArray[np.float64], centre: tuple[float, float, float], scale: float) -> npt.NDArray[np.float64]:
    return np.asarray(np.clip(np.arcsinh((x - np.array(centre)) / scale), -MOST_CONTRACTED, MOST_CONTRACTED))


def _float32(values: npt.NDArray[np.floating]) -> tuple[float, float, float]:
    x, y, z = (float(np.float32(v)) for v in values)
    return x, y, z


def _cube(low: npt.NDArray[np.float64], high: npt.NDArray[np.float64], depth: int) -> tuple[tuple[float, ...], float]:
    """Origin and voxel edge of a cube over [low, high]; a point gets a voxel that float32 still tells apart."""
    furthest = float(np.abs([low, high]).max())
    size = max(float((high - low).max()), furthest * 2.0**-18, 1e-6)
    voxel = float(np.float32(size * (1 + 1e-6) / 2**depth))
    return tuple((low + high) / 2 - voxel * 2**depth / 2), voxel


def choose_grid(positions: npt.NDArray[np.float32], depth: int) -> VoxelGrid:
    """The grid for [N, 3] finite positions: plain where the box is full, contracted where a few lie far out."""
    x = positions.astype(np.float64)
    if len(x) == 0:
        return VoxelGrid(depth, (0.0, 0.0, 0.0), 1.0)
    low, high = x.min(axis=0), x.max(axis=0)
    inner_low, inner_high = np.quantile(x, [0.01, 0.99], axis=0)
    inner = float((inner_high - inner_low).max())
    if len(x) < 100 or inner <= 0 or (high - low).max() <= CONTRACT_ABOVE * inner:
        origin, voxel = _cube(low, high, depth)
        return VoxelGrid(depth, _float32(np.array(origin)), voxel)
    centre = _float32(np.median(x, axis=0))
    q1, q3 = np.quantile(x, [0.25, 0.75], axis=0)
    scale = float(np.float32(max(float((q3 - q1).max()) / 2, inner * 1e-3)))
    u = _contract(x, centre, scale)
    origin, voxel = _cube(u.min(axis=0), u.max(axis=0), depth)
    return VoxelGrid(depth, _float32(np.array(origin)), voxel, centre, scale)
