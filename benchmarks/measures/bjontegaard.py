"""Bjontegaard's deltas (VCEG-M33, 2001): how much smaller at equal PSNR, how much better at equal size, on average.

Curves go through the points by piecewise cubic Hermite interpolation (PCHIP), PSNR against the logarithm of the bytes
and the other way round, as in VCEG-AI11 and the common test conditions of JVET: unlike the cubic polynomial of 2001
it never swings between points. Means are over the part that both curves cover.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

Float64 = npt.NDArray[np.float64]
LEAST_POINTS = 2


@dataclass(frozen=True)
class Curve:
    """Points of one codec on one scene, by rising size."""

    bytes: Float64
    psnr: Float64  # dB

    @classmethod
    def of(cls, points: Sequence[tuple[float, float]]) -> Curve:
        """From (bytes, PSNR); points that others beat in both are left out: a user would not take them."""
        kept: list[tuple[float, float]] = []
        for size, psnr in sorted(points, key=lambda point: (point[0], -point[1])):
            if not kept or psnr > kept[-1][1]:
                kept.append((size, psnr))
        return cls(np.array([p[0] for p in kept], np.float64), np.array([p[1] for p in kept], np.float64))

    def __len__(self) -> int:
        return len(self.bytes)


def bd_rate(anchor: Curve, test: Curve) -> float | None:
    """Percent that `test` needs more bytes than `anchor` for the same PSNR; negative where it needs fewer.

    None where the curves have no PSNR in common or one is a single point.
    """
    difference = _mean_difference(anchor.psnr, np.log(anchor.bytes), test.psnr, np.log(test.bytes))
    return None if difference is None else 100 * (float(np.exp(difference)) - 1)


def bd_psnr(anchor: Curve, test: Curve) -> float | None:
    """dB that `test` is better than `anchor` at the same size; None where they have no size in common."""
    return _mean_difference(np.log(anchor.bytes), anchor.psnr, np.log(test.bytes), test.psnr)


def _mean_difference(x1: Float64, y1: Float64, x2: Float64, y2: Float64) -> float | None:
    if min(len(x1), len(x2)) < LEAST_POINTS:
        return None
    low, high = max(x1[0], x2[0]), min(x1[-1], x2[-1])
    if high <= low:
        return None
    areas = (PchipInterpolator(x, y).integrate(low, high) for x, y in ((x1, y1), (x2, y2)))
    first, second = (float(area) for area in areas)
    return (second - first) / float(high - low)
