"""Rotations: unit quaternions w, x, y, z, as scene files store them, and matrices."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]


def rotation_matrices(rotations: npt.NDArray[np.floating]) -> Float64:
    """[N, 3, 3] of [N, 4] unit quaternions w, x, y, z."""
    w, x, y, z = rotations.astype(np.float64).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def quaternions(axes: Float64) -> Float64:
    """[N, 4] unit quaternions w, x, y, z of [N, 3, 3] rotation matrices (Bar-Itzhack 2000).

    A quaternion is the eigenvector of the largest eigenvalue of a symmetric matrix that is linear in the rotation.
    """
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = axes.transpose(1, 2, 0)
    rows = [
        [xx + yy + zz, zy - yz, xz - zx, yx - xy],
        [zy - yz, xx - yy - zz, xy + yx, xz + zx],
        [xz - zx, xy + yx, yy - xx - zz, yz + zy],
        [yx - xy, xz + zx, yz + zy, zz - xx - yy],
    ]
    _, vectors = np.linalg.eigh(np.moveaxis(np.array(rows), 2, 0))
    return np.asarray(vectors[:, :, 3])
