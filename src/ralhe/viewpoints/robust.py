"""Weighted statistics that a few far points cannot move."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MEDIAN_STEPS = 24


def quantiles(values: Floats, weights: Floats, shares: tuple[float, ...]) -> Floats:
    """[len(shares)] the values [N] below which these shares of the weights [N] lie."""
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    picks = np.searchsorted(below, np.array(shares) * below[-1])
    return np.asarray(values[order][np.minimum(picks, len(values) - 1)])


def box(points: Floats, weights: Floats, share: float) -> tuple[Floats, Floats]:
    """Lowest and highest corner, [3] each, that leave out `share` of the weights [N] on each side of each axis."""
    sides = np.stack([quantiles(points[:, axis], weights, (share, 1 - share)) for axis in range(3)])
    return sides[:, 0], sides[:, 1]


def geometric_median(points: Floats, weights: Floats) -> Floats:
    """[3] the place with the least weighted sum of distances to points [N, 3], by Weiszfeld's iteration.

    Unlike medians axis by axis it turns with the points.
    """
    centre = np.average(points, axis=0, weights=weights)
    for _ in range(MEDIAN_STEPS):
        distances = np.linalg.norm(points - centre, axis=1)
        nearest = 1e-9 * distances.max()
        if not nearest > 0:
            break
        centre = np.average(points, axis=0, weights=weights / np.maximum(distances, nearest))
    return np.asarray(centre)
