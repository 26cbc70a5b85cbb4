"""Vectors of three and symmetric 3 x 3 matrices as tuples, for kernels."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ralhe.kernels import inline

Vector: TypeAlias = tuple[float, float, float]
Symmetric: TypeAlias = tuple[float, float, float, float, float, float]  # xx xy xz yy yz zz
Rows = npt.NDArray[np.float32] | npt.NDArray[np.float64]


@inline
def vector(rows: Rows, i: int) -> Vector:
    """The first three numbers of row i in double precision."""
    return float(rows[i, 0]), float(rows[i, 1]), float(rows[i, 2])


@inline
def symmetric(rows: Rows, i: int) -> Symmetric:
    """The six numbers of row i in double precision."""
    row = rows[i]
    return float(row[0]), float(row[1]), float(row[2]), float(row[3]), float(row[4]), float(row[5])


@inline
def dot(a: Vector, b: Vector) -> float:
    """Inner product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@inline
def combine(p: float, a: Vector, q: float, b: Vector) -> Vector:
    """p a + q b."""
    return p * a[0] + q * b[0], p * a[1] + q * b[1], p * a[2] + q * b[2]


@inline
def times(m: Symmetric, a: Vector) -> Vector:
    """Matrix times vector."""
    return (
        m[0] * a[0] + m[1] * a[1] + m[2] * a[2],
        m[1] * a[0] + m[3] * a[1] + m[4] * a[2],
        m[2] * a[0] + m[4] * a[1] + m[5] * a[2],
    )


@inline
def clamp(x: float, low: float, high: float) -> float:
    """x within [low, high]."""
    return min(max(x, low), high)
