"""Level ground: much matter in one slab, with the rest of the scene above it."""

from __future__ import annotations

import numpy as np

from ralhe.viewpoints.matter import NEARBY, Matter
from ralhe.viewpoints.robust import Floats

SLAB = 0.1  # thickness of a ground, units
BY_CHANCE = 0.15  # of the matter lies in some slab of any scene
EDGES = np.arange(-NEARBY, NEARBY + SLAB, SLAB / 2)
REFINED, STEPS, TRIES = 2, 3, 24  # slabs that are turned to fit better: how many, rounds, tries in each
TURN = 0.1  # radians, of the first round


def ground(matter: Matter, up: Floats) -> float:
    """Share of the matter nearby in one slab across `up` [3] beyond chance, times how much more is above than below."""
    heights, weights = matter.positions @ up, matter.nearby * matter.opacities
    share, low = fullest(heights, weights)
    above, below = weights[heights > low + 2 * SLAB].sum(), weights[heights < low - SLAB].sum()
    return max(0.0, share - BY_CHANCE) * max(0.0, float((above - below) / max(above + below, 1e-9)))


def fullest(heights: Floats, weights: Floats) -> tuple[float, float]:
    """(share of weights [M], lower side) of the slab that holds most, by heights [M] in units."""
    slabs = np.convolve(np.histogram(heights, EDGES, weights=weights)[0], np.ones(2), "valid")
    most = int(np.argmax(slabs))
    return float(slabs[most] / max(weights.sum(), 1e-300)), float(EDGES[most])


def planes(matter: Matter, directions: Floats) -> list[Floats]:
    """Unit vectors [3] across the fullest slabs, from the best of directions [D, 3] turned until they fit."""
    near = np.flatnonzero(matter.sampled(matter.nearby))
    points, weights = matter.sampled(matter.positions)[near], matter.sampled(matter.opacities)[near]
    shares = np.array([fullest(points @ direction, weights)[0] for direction in directions])
    random = np.random.default_rng(0)
    found = []
    for best in directions[np.argsort(-shares, kind="stable")[:REFINED]]:
        most = fullest(points @ best, weights)[0]
        for turn in TURN * 0.5 ** np.arange(STEPS):
            for step in random.normal(size=(TRIES, 3)):
                tried = best + turn * step
                tried = tried / np.linalg.norm(tried)
                share = fullest(points @ tried, weights)[0]
                if share > most:
                    most, best = share, tried
        found.append(best)
    return found
