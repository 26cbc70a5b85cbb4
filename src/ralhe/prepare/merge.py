"""One Gaussian per voxel, in Morton order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ralhe.gaussians import MIN_OPACITY, Gaussians
from ralhe.octree import Codes
from ralhe.prepare.covariance import covariances, log_covariances, scales_and_rotations
from ralhe.prepare.importance import Weights, footprint, projected_area
from ralhe.prepare.voxels import VoxelGrid

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Voxelised:
    """One Gaussian per occupied voxel, ascending Morton codes."""

    grid: VoxelGrid
    codes: Codes  # [N]
    opacity_logits: Float64  # [N]
    log_covariances: Float64  # [N, 6] half the matrix logarithm, see `covariance`
    sh: npt.NDArray[np.float32]  # [N, coefficients, 3]
    weights: Weights  # [N] what its errors and its say in a merge weigh, summed over what was merged

    def __len__(self) -> int:
        return len(self.codes)


def gaussians_of(scene: Voxelised) -> Gaussians:
    """The Gaussians at the centres of their voxels."""
    log_scales, rotations = scales_and_rotations(scene.log_covariances)
    return Gaussians(
        positions=scene.grid.centres(scene.codes),
        log_scales=log_scales.astype(np.float32),
        rotations=rotations.astype(np.float32),
        opacity_logits=scene.opacity_logits.astype(np.float32),
        sh=scene.sh,
    )


def voxelise(gaussians: Gaussians, grid: VoxelGrid, weights: Weights | None = None,
             homes: npt.NDArray[np.intp] | None = None) -> Voxelised:  # fmt: skip
    """Merges the Gaussians of each voxel: means weighted by `weights` (footprint, if not given).

    homes: [N] the Gaussian whose voxel each belongs to, where that is not its own.
    The covariance matches the second moment of the parts; the opacity keeps their sum of opacity times area,
    as far as one splat can. Deterministic: ties keep the order of the input.
    """
    weights = footprint(gaussians) if weights is None else weights
    codes = grid.codes(gaussians.positions)
    codes = codes if homes is None else codes[homes]
    order = np.argsort(codes, kind="stable")
    gaussians, weights, codes = gaussians.take(order), weights[order], codes[order]
    starts = np.flatnonzero(np.r_[len(codes) > 0, codes[1:] != codes[:-1]])
    counts = np.diff(np.r_[starts, len(codes)])
    logits = gaussians.opacity_logits.astype(np.float64)
    floor = grid.scene_voxel * MIN_THICKNESS
    shapes = log_covariances(gaussians.log_scales[starts], gaussians.rotations[starts], floor)
    first = Voxelised(grid, codes[starts], logits[starts], shapes, gaussians.sh[starts], weights[starts])
    several = counts > 1
    rows = np.flatnonzero(several)
    if not len(rows):
        return first
    members, group = np.repeat(several, counts), np.repeat(np.arange(len(rows)), counts[rows])
    return _merged(first, rows, gaussians.take(members), weights[members], group)


MIN_THICKNESS = 0.1
"""Thinner than this share of a voxel is not told apart: see docs/design.md."""


def _merged(first: Voxelised, rows: npt.NDArray[np.intp], gaussians: Gaussians, weights: Weights,
            group: npt.NDArray[np.intp]) -> Voxelised:  # fmt: skip
    """`first` with some of its rows made anew of Gaussians that share their voxels; group: which of the rows each."""
    share = np.maximum(weights, 1e-30)
    share = share / np.bincount(group, share)[group]

    def mean(values: npt.NDArray[np.floating]) -> Float64:
        flat = values.reshape(len(values), -1)
        columns = [np.bincount(group, share * column) for column in flat.T]
        return np.stack(columns, axis=1).astype(np.float64).reshape(len(rows), *values.shape[1:])

    centres = mean(gaussians.positions)
    offsets = gaussians.positions - centres[group]
    parts = covariances(gaussians.log_scales, gaussians.rotations) + offsets[:, :, None] * offsets[:, None, :]
    values, vectors = np.linalg.eigh(mean(parts))
    floor = first.grid.scene_voxel * MIN_THICKNESS
    half_logs = 0.5 * np.log(np.maximum(values, floor**2))
    area = projected_area(half_logs)
    part_area = projected_area(gaussians.log_scales) * gaussians.opacities
    opacity = np.clip(np.bincount(group, part_area) / area, MIN_OPACITY, 0.9995)
    logits, shapes = first.opacity_logits.copy(), first.log_covariances.copy()
    sh, merged = first.sh.copy(), first.weights.copy()
    logits[rows] = np.log(opacity / (1 - opacity))
    shapes[rows] = log_covariances(half_logs, vectors, floor=0.0)
    sh[rows] = mean(gaussians.sh)
    merged[rows] = np.bincount(group, weights)
    return Voxelised(first.grid, first.codes, logits, shapes, sh, merged)
