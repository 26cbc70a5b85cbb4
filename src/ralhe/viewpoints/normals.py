"""Directions that normals of flat matter agree on: floors and tops, or what all walls are upright to."""

from __future__ import annotations

import numpy as np

from ralhe.viewpoints.matter import Matter
from ralhe.viewpoints.robust import Floats

WIDEST = 0.3  # larger sizes count as this, units
MODES = 3  # directions around which most normals gather
CAP, APART = np.cos(np.radians((15, 30)))
LEVEL, UPRIGHT = np.cos(np.radians(10)), np.sin(np.radians(10))  # |cosines| to up of tops and of walls
BY_CHANCE = np.array([1 - LEVEL, LEVEL - UPRIGHT, UPRIGHT])  # shares of normals without any order


def flat_areas(matter: Matter) -> Floats:
    """[M] opacity times area of the flat matter nearby, 0 for the rest."""
    return np.asarray(matter.nearby * matter.flatness * matter.opacities * np.minimum(matter.sizes, WIDEST) ** 2)


def order(matter: Matter, up: Floats) -> float:
    """How far normals are from chance in being level or upright to `up` [3]: Kullback-Leibler divergence, nats."""
    weights = flat_areas(matter)
    cosines = np.abs(matter.normals @ up)
    level, upright = weights[cosines > LEVEL].sum(), weights[cosines < UPRIGHT].sum()
    shares = np.array([level, weights.sum() - level - upright, upright]) / max(float(weights.sum()), 1e-300)
    if shares[1] >= BY_CHANCE[1]:
        return 0.0
    return float((shares * np.log(np.maximum(shares, 1e-9) / BY_CHANCE)).sum())


def modes(matter: Matter, directions: Floats) -> list[Floats]:
    """Up to MODES unit vectors [3] around which normals gather, searched from directions [D, 3]."""
    normals, weights = matter.sampled(matter.normals), matter.sampled(flat_areas(matter))
    gathered = weights @ (np.abs(normals @ directions.T) > CAP)
    found: list[Floats] = []
    for start in directions[np.argsort(-gathered, kind="stable")]:
        if len(found) < MODES and _is_apart(start, found):
            mode = gathering(normals, weights, start)
            if _is_apart(mode, found):  # two searches may end in one place
                found.append(mode)
    return found


def _is_apart(direction: Floats, others: list[Floats]) -> bool:
    return all(abs(direction @ other) < APART for other in others)


def gathering(normals: Floats, weights: Floats, start: Floats) -> Floats:
    """[3] the unit vector near `start` [3] around which weighted normals [M, 3] gather."""
    for _ in range(4):
        along = normals @ start
        total = (weights * np.sign(along) * (np.abs(along) > CAP)) @ normals
        if not np.linalg.norm(total) > 0:
            break
        start = total / np.linalg.norm(total)
    return start
