"""Covariances from their logarithms: Sigma = exp(2 L), as the stream carries shapes; differentiable."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ralhe.kernels import inline, parallel, prange
from ralhe.rasteriser.exponential import exponential_by_squaring

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

PARTS = 64
SWEEPS = 8  # of Jacobi rotations; five bring any symmetric 3 x 3 matrix to rounding
NEGLIGIBLE = 1e-14
LARGEST = 80.0  # exponent that float32 still holds
HALF = math.sqrt(0.5)
NEAR = 1e-5  # exponents closer than this have the slope of their mean


def exponential_covariances(logarithms: torch.Tensor) -> torch.Tensor:
    """[N, 6] covariances (xx xy xz yy yz zz) of [N, 6] half logarithms (xx, yy, zz, then xy, xz, yz times sqrt 2).

    The gradient is that of the matrix exponential (Daleckii and Krein): with Sigma = V diag(exp e) V', the slope of
    an entry in the basis V is multiplied by the divided difference of exp at its two exponents. Tensors on a GPU stay
    there.
    """
    if logarithms.device.type != "cpu":
        return exponential_by_squaring(logarithms)
    return _Exponential.apply(logarithms)  # type: ignore[no-any-return, no-untyped-call]


class _Exponential(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logarithms: torch.Tensor) -> torch.Tensor:
        halves = logarithms.detach().float().contiguous().numpy()
        n = len(halves)
        out = torch.empty((n, 6))
        ctx.axes, ctx.exponents = np.empty((n, 3, 3), np.float32), np.empty((n, 3), np.float32)
        exponentiate(halves, out.numpy(), ctx.axes, ctx.exponents)
        return out

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        out = torch.empty(gradient.shape)
        exponentiate_gradient(gradient.float().contiguous().numpy(), ctx.axes, ctx.exponents, out.numpy())
        return out


@inline
def rotate(m: F64, v: F64, p: int, q: int, r: int) -> None:
    """One Jacobi rotation: makes m[p, q] of the symmetric m [3, 3] zero, and turns the columns of v [3, 3] along."""
    if m[p, q] == 0:
        return
    theta = 0.5 * (m[q, q] - m[p, p]) / m[p, q]
    t = math.copysign(1.0, theta) / (abs(theta) + math.sqrt(theta * theta + 1))
    c = 1 / math.sqrt(t * t + 1)
    s = t * c
    m[p, p] -= t * m[p, q]
    m[q, q] += t * m[p, q]
    m[p, q] = m[q, p] = 0.0
    a, b = m[r, p], m[r, q]
    m[r, p] = m[p, r] = c * a - s * b
    m[r, q] = m[q, r] = s * a + c * b
    for row in range(3):
        a, b = v[row, p], v[row, q]
        v[row, p], v[row, q] = c * a - s * b, s * a + c * b


@inline
def diagonalise(m: F64, v: F64) -> None:
    """Turns the symmetric m [3, 3] into its eigenvalues on the diagonal; columns of v [3, 3] are the axes."""
    for row in range(3):
        for column in range(3):
            v[row, column] = 1.0 if row == column else 0.0
    for _ in range(SWEEPS):
        off = abs(m[0, 1]) + abs(m[0, 2]) + abs(m[1, 2])
        if off <= NEGLIGIBLE * (abs(m[0, 0]) + abs(m[1, 1]) + abs(m[2, 2])):
            return
        rotate(m, v, 0, 1, 2)
        rotate(m, v, 0, 2, 1)
        rotate(m, v, 1, 2, 0)


@inline
def sum_of(v: F64, e: F64, row: int, column: int) -> float:
    """An entry of v diag(e) v'."""
    return float(v[row, 0] * e[0] * v[column, 0] + v[row, 1] * e[1] * v[column, 1] + v[row, 2] * e[2] * v[column, 2])


@parallel
def exponentiate(halves: F32, out: F32, axes: F32, exponents: F32) -> None:
    """Fills out [N, 6], axes [N, 3, 3] and exponents [N, 3] from half logarithms [N, 6]."""
    n = len(halves)
    for part in prange(PARTS):
        m, v, e = np.empty((3, 3)), np.empty((3, 3)), np.empty(3)
        for i in range(n * part // PARTS, n * (part + 1) // PARTS):
            for d in range(3):
                m[d, d] = 2.0 * halves[i, d]
            m[0, 1] = m[1, 0] = 2 * HALF * halves[i, 3]
            m[0, 2] = m[2, 0] = 2 * HALF * halves[i, 4]
            m[1, 2] = m[2, 1] = 2 * HALF * halves[i, 5]
            diagonalise(m, v)
            for d in range(3):
                exponents[i, d] = min(m[d, d], LARGEST)
                e[d] = math.exp(min(m[d, d], LARGEST))
            entry = 0
            for row in range(3):
                for column in range(3):
                    axes[i, row, column] = v[row, column]
                for column in range(row, 3):
                    out[i, entry] = sum_of(v, e, row, column)
                    entry += 1


@parallel
def exponentiate_gradient(gradient: F32, axes: F32, exponents: F32, out: F32) -> None:
    """Fills out [N, 6], the gradient of half logarithms, from that of covariances [N, 6]."""
    n = len(gradient)
    for part in prange(PARTS):
        g, turned, v = np.empty((3, 3)), np.empty((3, 3)), np.empty((3, 3))
        for i in range(n * part // PARTS, n * (part + 1) // PARTS):
            g[0, 0], g[1, 1], g[2, 2] = gradient[i, 0], gradient[i, 3], gradient[i, 5]
            g[0, 1] = g[1, 0] = 0.5 * gradient[i, 1]
            g[0, 2] = g[2, 0] = 0.5 * gradient[i, 2]
            g[1, 2] = g[2, 1] = 0.5 * gradient[i, 4]
            for row in range(3):
                for column in range(3):
                    v[row, column] = axes[i, row, column]
            sandwich(g, v, turned, True)
            for row in range(3):
                for column in range(3):
                    turned[row, column] *= divided_difference(exponents[i, row], exponents[i, column])
            sandwich(turned, v, g, False)
            for d in range(3):
                out[i, d] = 2 * g[d, d]
            out[i, 3], out[i, 4], out[i, 5] = 4 * HALF * g[0, 1], 4 * HALF * g[0, 2], 4 * HALF * g[1, 2]


@inline
def sandwich(m: F64, v: F64, out: F64, transposed: bool) -> None:
    """out = v' m v where transposed, v m v' elsewhere; all [3, 3]."""
    for row in range(3):
        for column in range(3):
            total = 0.0
            for a in range(3):
                for b in range(3):
                    left, right = (v[a, row], v[b, column]) if transposed else (v[row, a], v[column, b])
                    total += left * m[a, b] * right
            out[row, column] = total


@inline
def divided_difference(a: float, b: float) -> float:
    """(exp a - exp b) / (a - b)."""
    if abs(a - b) < NEAR:
        return math.exp(0.5 * (a + b))
    return (math.exp(a) - math.exp(b)) / (a - b)
