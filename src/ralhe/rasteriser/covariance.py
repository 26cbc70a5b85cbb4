"""Covariances of Gaussians from standard deviations and rotations: Sigma = R diag(s^2) R'."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ralhe.kernels import inline, parallel, prange
from ralhe.rasteriser.vectors import Vector, combine, dot, symmetric, times, vector

F32 = npt.NDArray[np.float32]


def covariances(scales: torch.Tensor, rotations: torch.Tensor) -> torch.Tensor:
    """[N, 6] covariances (xx xy xz yy yz zz) in squared scene units; differentiable.

    scales [N, 3] standard deviations in scene units; rotations [N, 4] quaternions w, x, y, z of any norm. A quaternion
    of norm zero rotates by nothing and has no gradient.
    """
    return _Covariances.apply(scales, rotations)  # type: ignore[no-any-return, no-untyped-call]


class _Covariances(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scales: torch.Tensor, rotations: torch.Tensor) -> torch.Tensor:
        scales, rotations = scales.detach().float().contiguous(), rotations.detach().float().contiguous()
        out = torch.empty((len(scales), 6))
        spread(scales.numpy(), rotations.numpy(), out.numpy())
        ctx.save_for_backward(scales, rotations)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        scales, rotations = ctx.saved_tensors
        d_scales, d_rotations = torch.empty_like(scales), torch.empty_like(rotations)
        spread_gradient(
            scales.numpy(), rotations.numpy(), gradient.contiguous().numpy(), d_scales.numpy(), d_rotations.numpy()
        )
        return d_scales, d_rotations


@inline
def axes(w: float, x: float, y: float, z: float) -> tuple[Vector, Vector, Vector]:
    """Columns of the rotation of a unit quaternion."""
    return (
        (1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)),
        (2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)),
        (2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)),
    )


@inline
def unit(rotations: F32, i: int) -> tuple[float, float, float, float, float]:
    """The quaternion of row i over its norm, and the norm."""
    w, x, y, z = float(rotations[i, 0]), float(rotations[i, 1]), float(rotations[i, 2]), float(rotations[i, 3])
    norm = math.sqrt(w * w + x * x + y * y + z * z)
    if not norm > 0:
        return 1.0, 0.0, 0.0, 0.0, 0.0
    return w / norm, x / norm, y / norm, z / norm, norm


@parallel
def spread(scales: F32, rotations: F32, out: F32) -> None:
    """Fills out [N, 6]."""
    for i in prange(len(scales)):
        w, x, y, z, _ = unit(rotations, i)
        a, b, c = axes(w, x, y, z)
        s = vector(scales, i)
        for entry in range(6):
            row, column = ROWS[entry], COLUMNS[entry]
            out[i, entry] = (
                s[0] * s[0] * a[row] * a[column] + s[1] * s[1] * b[row] * b[column] + s[2] * s[2] * c[row] * c[column]
            )


ROWS, COLUMNS = (0, 0, 0, 1, 1, 2), (0, 1, 2, 1, 2, 2)


@parallel
def spread_gradient(scales: F32, rotations: F32, gradient: F32, d_scales: F32, d_rotations: F32) -> None:
    """Fills d_scales [N, 3] and d_rotations [N, 4] from the gradient [N, 6] of the covariances."""
    for i in prange(len(scales)):
        w, x, y, z, norm = unit(rotations, i)
        a, b, c = axes(w, x, y, z)
        s = vector(scales, i)
        g = symmetric(gradient, i)
        g = (g[0], 0.5 * g[1], 0.5 * g[2], g[3], 0.5 * g[4], g[5])
        ga, gb, gc = times(g, a), times(g, b), times(g, c)
        d_scales[i, 0] = 2 * s[0] * dot(a, ga)
        d_scales[i, 1] = 2 * s[1] * dot(b, gb)
        d_scales[i, 2] = 2 * s[2] * dot(c, gc)
        # A small turn t moves each axis by t x axis, so the torque is the sum of axis x dL/daxis.
        torque = combine(2 * s[0] * s[0], cross(a, ga), 2 * s[1] * s[1], cross(b, gb))
        t = combine(1.0, torque, 2 * s[2] * s[2], cross(c, gc))
        # dq = (0, t) q / 2, so dL/dq = 2 (0, torque) q, tangent to the unit sphere; the norm divides it.
        scale = 2.0 / norm if norm > 0 else 0.0
        d_rotations[i, 0] = scale * (-t[0] * x - t[1] * y - t[2] * z)
        d_rotations[i, 1] = scale * (t[0] * w + t[1] * z - t[2] * y)
        d_rotations[i, 2] = scale * (-t[0] * z + t[1] * w + t[2] * x)
        d_rotations[i, 3] = scale * (t[0] * y - t[1] * x + t[2] * w)


@inline
def cross(a: Vector, b: Vector) -> Vector:
    """Vector product."""
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
