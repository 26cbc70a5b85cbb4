"""Covariances, and their matrix logarithm: six values without signs or axis order, smooth under averaging."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ralhe.rotations import quaternions, rotation_matrices

Float64 = npt.NDArray[np.float64]
Floats = npt.NDArray[np.floating]

LOG_SCALE_LIMIT = 60.0
"""Beyond it a size shows no difference, and its square soon none that a number could hold."""

PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


def covariances(log_scales: Floats, rotations: Floats) -> Float64:
    """[N, 3, 3] covariances in squared scene units."""
    axes = rotation_matrices(rotations)
    variances = np.exp(2 * np.clip(log_scales.astype(np.float64), -LOG_SCALE_LIMIT, LOG_SCALE_LIMIT))
    product: Float64 = (axes * variances[:, None, :]) @ axes.transpose(0, 2, 1)
    return product


def log_covariances(log_scales: Floats, rotations: Floats, floor: float) -> Float64:
    """[N, 6] half the matrix logarithm: xx, yy, zz, then xy, xz, yz times sqrt(2), so that norms are kept.

    rotations: unit quaternions [N, 4], or [N, 3, 3] matrices whose columns are the axes.
    floor: smallest standard deviation, scene units; 0 for none.
    """
    logs = log_scales.astype(np.float64)
    if floor > 0:
        logs = np.maximum(logs, np.log(floor))
    axes = rotation_matrices(rotations) if rotations.ndim == 2 else rotations
    matrix = (axes * logs[:, None, :]) @ axes.transpose(0, 2, 1)
    scale = [1.0, 1.0, 1.0, 2**0.5, 2**0.5, 2**0.5]
    return np.stack([matrix[:, i, j] * s for (i, j), s in zip(PAIRS, scale, strict=True)], axis=1)


def scales_and_rotations(log_covariances: Float64) -> tuple[Float64, Float64]:
    """[N, 3] log scales and [N, 4] unit quaternions w, x, y, z of [N, 6] half matrix logarithms."""
    matrices = np.empty((len(log_covariances), 3, 3))
    for (i, j), column in zip(PAIRS, log_covariances.T, strict=True):
        matrices[:, i, j] = matrices[:, j, i] = column * (1.0 if i == j else 0.5**0.5)
    log_scales, axes = np.linalg.eigh(matrices)
    axes[:, :, 2] *= np.sign(np.linalg.det(axes))[:, None]
    return log_scales, quaternions(axes)
