"""Ground: much matter that lies flat in one slab, with the rest of the scene above it."""

from __future__ import annotations

import numpy as np

from ralhe.viewpoints.matter import NEARBY, Matter
from ralhe.viewpoints.robust import Floats

FLAT = np.cos(np.radians(20))  # |cosine| of a normal that counts as level
SLAB = 0.04  # thickness of a ground, units
WIDEST = 0.3  # larger sizes count as this, units
BY_CHANCE = 0.03  # of the matter lies flat in some slab of any scene

DIRECTIONS = 300  # on half a sphere, where normals may gather
MODES = 3  # of them are looked at
CAP, APART, ON_AXIS = np.cos(np.radians((15, 30, 4)))


def ground(matter: Matter, up: Floats) -> float:
    """Share of the matter that lies flat in one slab across `up` [3], times the share of the rest that is above it."""
    heights, weights = matter.positions @ up, areas(matter)
    flat = weights * (np.abs(matter.normals @ up) > FLAT)
    edges = np.arange(-NEARBY, NEARBY + SLAB, SLAB / 2)
    slabs = np.convolve(np.histogram(heights, edges, weights=flat)[0], np.ones(2), "valid")
    most = int(np.argmax(slabs))
    below, above = weights[heights < edges[most] - SLAB].sum(), weights[heights > edges[most + 2] + SLAB].sum()
    total = max(float(weights.sum()), 1e-300)
    share = max(0.0, float(slabs[most]) / total - BY_CHANCE)
    return share * float((above + 0.01 * total) / (above + below + 0.02 * total))


def areas(matter: Matter) -> Floats:
    """[M] opacity times area of matter nearby, 0 for the rest."""
    return np.asarray(matter.nearby * matter.opacities * np.minimum(matter.sizes, WIDEST) ** 2)


def level_directions(matter: Matter) -> list[Floats]:
    """Up to MODES unit vectors [3], off the axes of coordinates, around which normals of flat matter gather."""
    index = np.arange(DIRECTIONS) + 0.5
    z, turn = index / DIRECTIONS, np.pi * (1 + 5**0.5) * index  # a Fibonacci spiral
    level = np.sqrt(1 - z * z)
    starts = np.stack([level * np.cos(turn), level * np.sin(turn), z], axis=1)
    normals, weights = matter.sampled(matter.normals), matter.sampled(matter.flatness * areas(matter))
    gathered = weights @ (np.abs(normals @ starts.T) > CAP)
    found: list[Floats] = []
    for start in starts[np.argsort(-gathered, kind="stable")]:
        if len(found) < MODES and all(abs(start @ other) < APART for other in found):
            found.append(gathering(normals, weights, start))
    return [direction for direction in found if np.abs(direction).max() < ON_AXIS]


def gathering(normals: Floats, weights: Floats, start: Floats) -> Floats:
    """[3] the unit vector near `start` [3] around which weighted normals [M, 3] gather."""
    for _ in range(4):
        along = normals @ start
        total = (weights * np.sign(along) * (np.abs(along) > CAP)) @ normals
        if not np.linalg.norm(total) > 0:
            break
        start = total / np.linalg.norm(total)
    return start
