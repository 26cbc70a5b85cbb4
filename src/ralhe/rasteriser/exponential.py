"""The exponential of log_covariance.py on any device.

A GPU likes few operations on long rows: a matrix is a column of six rows xx xy xz yy yz zz, and a product of two that
commute, whose outcome is symmetric as well, takes two gathers, a product and a sum.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor

SQUARINGS, TERMS = 10, 6
LARGEST = 40.0  # half logarithm that float32 can hold once it is doubled and exponentiated
MOST = 5e34  # of any entry
HALF = 0.5**0.5
ROWS = ((0, 1, 2), (1, 3, 4), (2, 4, 5))  # of a matrix, as entries of its column
ENTRIES = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
FROM_HALVES = (0, 3, 4, 1, 5, 2)  # half logarithms come as xx, yy, zz, then xy, xz, yz times sqrt 2
DOUBLED = (2.0, 2 * HALF, 2 * HALF, 2.0, 2 * HALF, 2.0)
SIDES = (1.0, 2.0, 2.0, 1.0, 2.0, 1.0)  # how often an entry stands in the matrix


def exponential_by_squaring(logarithms: Tensor) -> Tensor:
    """`exponential_covariances` for tensors on any device."""
    return _Squaring.apply(logarithms)  # type: ignore[no-any-return, no-untyped-call]


class _Squaring(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logarithms: Tensor) -> Tensor:
        matrices = logarithms.detach().double().clamp(-LARGEST, LARGEST).T[_numbers(FROM_HALVES, logarithms.device)]
        matrices *= _weights(DOUBLED, logarithms.device)
        ctx.save_for_backward(matrices)
        return _exponential(matrices, None)[0].T.clamp(-MOST, MOST).to(logarithms.dtype).contiguous()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """The exponential's derivative is its own adjoint: in the direction of the gradient it is that of the input."""
        (matrices,) = ctx.saved_tensors
        sides = _weights(SIDES, gradient.device)
        _, slopes = _exponential(matrices, gradient.double().T / sides)
        out = torch.empty_like(slopes)
        out[_numbers(FROM_HALVES, gradient.device)] = slopes * sides * _weights(DOUBLED, gradient.device)
        return out.T.clamp(-MOST, MOST).to(gradient.dtype).contiguous()


def _exponential(matrices: Tensor, direction: Tensor | None) -> tuple[Tensor, Tensor]:
    """[6, N] the exponentials of matrices [6, N], and their derivatives in a direction [6, N] (zero without one)."""
    unit = _weights((1.0, 0.0, 0.0, 1.0, 0.0, 1.0), matrices.device)
    level = (matrices[0] + matrices[3] + matrices[5]) / 3
    small = (matrices - level * unit) / 2**SQUARINGS
    turn = None if direction is None else direction / 2**SQUARINGS
    power, slope = small / TERMS + unit, turn if turn is None else turn / TERMS
    for term in range(TERMS - 1, 0, -1):
        if slope is not None and turn is not None:
            slope = (_anticommutator(small, slope) + _anticommutator(turn, power)) / (2 * term)
        power = _product(small, power) / term + unit
    for _ in range(SQUARINGS):
        if slope is not None:
            slope = _anticommutator(power, slope)
        power = _product(power, power)
    scale = level.exp()
    return power * scale, torch.zeros_like(power) if slope is None else slope * scale


def _product(a: Tensor, b: Tensor) -> Tensor:
    """[6, N] of two that commute."""
    left, right = _factors(a.device)
    return (a[left] * b[right]).view(6, 3, -1).sum(1)


def _anticommutator(a: Tensor, b: Tensor) -> Tensor:
    """[6, N] a b + b a."""
    left, right = _factors(a.device)
    return (a[left] * b[right] + b[left] * a[right]).view(6, 3, -1).sum(1)


@cache
def _factors(device: torch.device) -> tuple[Tensor, Tensor]:
    """[18] entries of the left and the right matrix whose products make up each entry of theirs, three by three."""
    left = [entry for row, _ in ENTRIES for entry in ROWS[row]]
    right = [entry for _, column in ENTRIES for entry in ROWS[column]]
    return torch.tensor(left, device=device), torch.tensor(right, device=device)


@cache
def _numbers(values: tuple[int, ...], device: torch.device) -> Tensor:
    return torch.tensor(values, device=device)


@cache
def _weights(values: tuple[float, ...], device: torch.device) -> Tensor:
    """[6, 1] to multiply columns with."""
    return torch.tensor(values, dtype=torch.float64, device=device)[:, None]
