"""The region-adaptive hierarchical transform (de Queiroz and Chou, 2016) of attributes on the leaves of an octree.

Leaves that share all but the last bit of their codes merge first, and so on to the root. Of two nodes with weights
w1 and w2 (numbers of leaves) and coefficients a and b,

    low  = (sqrt(w1) a + sqrt(w2) b) / sqrt(w1 + w2)       goes on up
    high = (sqrt(w1) b - sqrt(w2) a) / sqrt(w1 + w2)       is coded

The transform is orthonormal; what is left at the root is the sum over sqrt(N).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ralhe.octree import Codes

Float64 = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Merging:
    """One of the 3 L steps from leaves to root."""

    first: Rows  # [n] place of each node of the step above among those below, its lower side
    pairs: Rows  # those of the nodes above that have two sides
    share: Float64  # [pairs, 1] of the lower side in the weight


def hierarchy(codes: Codes, depth: int) -> list[Merging]:
    """Steps from the leaves up. codes [N]: ascending and distinct."""
    steps, weights = [], np.ones(len(codes))
    for _ in range(3 * depth):
        codes = codes >> np.uint64(1)
        starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])
        pairs = np.flatnonzero(np.diff(np.r_[starts, len(codes)]) == 2)
        total = np.add.reduceat(weights, starts)
        steps.append(Merging(starts, pairs, (weights[starts[pairs]] / total[pairs])[:, None]))
        codes, weights = codes[starts], total
    return steps


def forward(values: Float64, steps: list[Merging]) -> Float64:
    """[N, channels] coefficients, the root first, then coarse to fine, of [N, channels] values of the leaves."""
    out = []
    for step in steps:
        low = values[step.first]
        a, b = low[step.pairs], values[step.first[step.pairs] + 1]
        p, q = np.sqrt(step.share), np.sqrt(1 - step.share)
        low[step.pairs] = p * a + q * b
        out.append(p * b - q * a)
        values = low
    return np.concatenate([values, *out[::-1]])


def inverse(coefficients: Float64, steps: list[Merging]) -> Float64:
    """The values of the leaves."""
    values, at = coefficients[:1], 1
    for step in reversed(steps):
        n = len(step.pairs)
        high, low = coefficients[at : at + n], values[step.pairs]
        p, q = np.sqrt(step.share), np.sqrt(1 - step.share)
        below = np.empty((len(values) + n, values.shape[1]))
        below[step.first] = values
        below[step.first[step.pairs]] = p * low - q * high
        below[step.first[step.pairs] + 1] = q * low + p * high
        values, at = below, at + n
    return values


def levels(steps: list[Merging]) -> npt.NDArray[np.int32]:
    """[N] steps from the leaves at which each coefficient arose; the root counts as one above all."""
    counts = [1, *(len(step.pairs) for step in reversed(steps))]
    return np.repeat(np.arange(len(steps), -1, -1, dtype=np.int32), counts)
