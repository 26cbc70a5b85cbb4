"""Covariances from their logarithms: Sigma = exp(2 L), as the stream carries shapes; differentiable.

By scaling and squaring, without eigenvectors: exp(A) = (Taylor's series of A / 2^10)^(2^10), to rounding for the
exponents of any shape; A is taken less its mean exponent, which comes back as a factor. In double precision: squaring
again and again would cost single precision the thin axes. Kernels take a few matrices at a time, entry by entry, so
that the compiler finds vectors.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ralhe.kernels import inline, parallel, prange
from ralhe.rasteriser.exponential import HALF, LARGEST, MOST, SQUARINGS, TERMS, exponential_by_squaring

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

PARTS = 64
LANES = 16
SCALE = 0.5**SQUARINGS
XX, XY, XZ, YY, YZ, ZZ = range(6)


def exponential_covariances(logarithms: torch.Tensor) -> torch.Tensor:
    """[N, 6] covariances (xx xy xz yy yz zz) of [N, 6] half logarithms (xx, yy, zz, then xy, xz, yz times sqrt 2).

    The derivative of exp is its own adjoint, so the gradient is the derivative in the direction of the gradient that
    comes in. Tensors on a GPU stay there.
    """
    if logarithms.device.type != "cpu":
        return exponential_by_squaring(logarithms)
    return _Exponential.apply(logarithms)  # type: ignore[no-any-return, no-untyped-call]


class _Exponential(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logarithms: torch.Tensor) -> torch.Tensor:
        halves = logarithms.detach().float().contiguous()
        ctx.save_for_backward(halves)
        out = torch.empty_like(halves)
        exponentiate(halves.numpy(), out.numpy())
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        (halves,) = ctx.saved_tensors
        out = torch.empty_like(halves)
        exponentiate_gradient(halves.numpy(), gradient.float().contiguous().numpy(), out.numpy())
        return out


@parallel
def exponentiate(halves: F32, out: F32) -> None:
    """Fills out [N, 6] from half logarithms [N, 6]."""
    n = len(halves)
    blocks = -(-n // LANES)
    for part in prange(PARTS):
        small, power, level = np.empty((6, LANES)), np.empty((6, LANES)), np.empty(LANES)
        for block in range(blocks * part // PARTS, blocks * (part + 1) // PARTS):
            first = block * LANES
            lanes = min(LANES, n - first)
            scale_down(halves, first, lanes, small, level)
            one_plus(small, 1 / TERMS, power)
            for term in range(TERMS - 1, 0, -1):
                product(small, power, power)
                one_plus(power, 1 / term, power)
            for _ in range(SQUARINGS):
                product(power, power, power)
            for i in range(lanes):
                factor = math.exp(level[i])
                for entry in range(6):
                    out[first + i, entry] = within(power[entry, i] * factor)


@parallel
def exponentiate_gradient(halves: F32, gradient: F32, out: F32) -> None:
    """Fills out [N, 6], the gradient of half logarithms [N, 6], from that of covariances [N, 6].

    Each step of `exponentiate` and its derivative in turn: (A^2)' = A A' + A' A.
    """
    n = len(halves)
    blocks = -(-n // LANES)
    for part in prange(PARTS):
        small, power, level = np.empty((6, LANES)), np.empty((6, LANES)), np.empty(LANES)
        turn, slope = np.empty((6, LANES)), np.empty((6, LANES))
        for block in range(blocks * part // PARTS, blocks * (part + 1) // PARTS):
            first = block * LANES
            lanes = min(LANES, n - first)
            scale_down(halves, first, lanes, small, level)
            one_plus(small, 1 / TERMS, power)
            for i in range(LANES):
                for entry in range(6):
                    pull = gradient[first + min(i, lanes - 1), entry]
                    turn[entry, i] = SCALE * (pull if entry in (XX, YY, ZZ) else 0.5 * pull)
                    slope[entry, i] = turn[entry, i] / TERMS
            for term in range(TERMS - 1, 0, -1):
                anticommutator(small, slope, slope, 0.5 / term, 0.0)
                anticommutator(turn, power, slope, 0.5 / term, 1.0)
                product(small, power, power)
                one_plus(power, 1 / term, power)
            for _ in range(SQUARINGS):
                anticommutator(power, slope, slope, 1.0, 0.0)
                product(power, power, power)
            for i in range(lanes):
                factor = 2 * math.exp(level[i])
                for d, entry in enumerate((XX, YY, ZZ)):
                    out[first + i, d] = within(factor * slope[entry, i])
                for d, entry in enumerate((XY, XZ, YZ)):
                    out[first + i, 3 + d] = within(2 * HALF * factor * slope[entry, i])


@inline
def scale_down(halves: F32, first: int, lanes: int, small: F64, level: F64) -> None:
    """Fills small [6, LANES] with 2^-10 of the matrices from `first`, less their mean exponent level [LANES].

    Lanes without a matrix of their own take the last one.
    """
    for i in range(LANES):
        row = first + min(i, lanes - 1)
        xx, yy, zz = 2 * cut(halves[row, 0]), 2 * cut(halves[row, 1]), 2 * cut(halves[row, 2])
        level[i] = (xx + yy + zz) / 3
        small[XX, i], small[YY, i], small[ZZ, i] = xx - level[i], yy - level[i], zz - level[i]
        for d, entry in enumerate((XY, XZ, YZ)):
            small[entry, i] = 2 * HALF * cut(halves[row, 3 + d])
        for entry in range(6):
            small[entry, i] *= SCALE


@inline
def cut(half: np.float32) -> float:
    """A half logarithm that a covariance in float32 can hold."""
    return min(max(float(half), -LARGEST), LARGEST)


@inline
def within(value: float) -> float:
    """A value that float32 can hold."""
    return min(max(value, -MOST), MOST)


@inline
def one_plus(matrices: F64, factor: float, out: F64) -> None:
    """out = 1 + factor matrices, all [6, LANES]; out may be the matrices."""
    for entry in range(6):
        unit = 1.0 if entry in (XX, YY, ZZ) else 0.0
        for i in range(LANES):
            out[entry, i] = unit + factor * matrices[entry, i]


@inline
def product(a: F64, b: F64, out: F64) -> None:
    """out = a b of matrices [6, LANES] that commute, in which case it is symmetric; out may be one of them."""
    for i in range(LANES):
        axx, axy, axz, ayy, ayz, azz = a[XX, i], a[XY, i], a[XZ, i], a[YY, i], a[YZ, i], a[ZZ, i]
        bxx, bxy, bxz, byy, byz, bzz = b[XX, i], b[XY, i], b[XZ, i], b[YY, i], b[YZ, i], b[ZZ, i]
        out[XX, i] = axx * bxx + axy * bxy + axz * bxz
        out[XY, i] = axx * bxy + axy * byy + axz * byz
        out[XZ, i] = axx * bxz + axy * byz + axz * bzz
        out[YY, i] = axy * bxy + ayy * byy + ayz * byz
        out[YZ, i] = axy * bxz + ayy * byz + ayz * bzz
        out[ZZ, i] = axz * bxz + ayz * byz + azz * bzz


@inline
def anticommutator(a: F64, b: F64, out: F64, factor: float, kept: float) -> None:
    """out = factor (a b + b a) + kept out, all [6, LANES]; out may be one of them."""
    for i in range(LANES):
        axx, axy, axz, ayy, ayz, azz = a[XX, i], a[XY, i], a[XZ, i], a[YY, i], a[YZ, i], a[ZZ, i]
        bxx, bxy, bxz, byy, byz, bzz = b[XX, i], b[XY, i], b[XZ, i], b[YY, i], b[YZ, i], b[ZZ, i]
        xx, xy = 2 * (axx * bxx + axy * bxy + axz * bxz), axx * bxy + axy * (bxx + byy) + axz * byz
        yy, xz = 2 * (axy * bxy + ayy * byy + ayz * byz), axx * bxz + axy * byz + axz * (bxx + bzz)
        zz, yz = 2 * (axz * bxz + ayz * byz + azz * bzz), axy * bxz + ayy * byz + ayz * (byy + bzz)
        xy, xz, yz = xy + ayy * bxy + ayz * bxz, xz + ayz * bxy + azz * bxz, yz + axz * bxy + azz * byz
        out[XX, i] = factor * xx + kept * out[XX, i]
        out[XY, i] = factor * xy + kept * out[XY, i]
        out[XZ, i] = factor * xz + kept * out[XZ, i]
        out[YY, i] = factor * yy + kept * out[YY, i]
        out[YZ, i] = factor * yz + kept * out[YZ, i]
        out[ZZ, i] = factor * zz + kept * out[ZZ, i]
