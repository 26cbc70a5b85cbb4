"""Where the photos of a scene were taken, if from inside: as the sizes of its Gaussians tell, or where there is room.

Training splits Gaussians that are large in the photos, so sizes grow in proportion to the distance from the cameras.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from ralhe.viewpoints.free_space import FreeSpace
from ralhe.viewpoints.matter import Matter
from ralhe.viewpoints.probe import Probe
from ralhe.viewpoints.robust import Floats
from ralhe.viewpoints.survey import Survey

SEARCHES, ROUNDS, TRIES = 3, 6, 80
CLEARLY = 0.985  # of the cost, where one search did better than another
OUTLIER = 2.0  # e-folds that a size counts at most for
LEARNT = 0.93  # of the deviation of sizes left over; around objects more is
STEPS = np.array([[0, 0, 0], [1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)
SMALLEST = 0.3  # radius, units


@dataclass(frozen=True, eq=False)
class Capture:
    """A ball in which the cameras stood."""

    centre: Floats  # [3] units
    radius: float  # units
    by_sizes: bool  # whether sizes told; else it is a guess
    survey: Survey  # the best of a few places in the ball

    @classmethod
    def of(cls, matter: Matter, probe: Probe) -> Self:
        """The ball that explains sizes as ~ sqrt(distance**2 + radius**2), or the clearest space if that shows more."""
        space = FreeSpace.of(matter)
        radius = max(float(space.clearance.max()), SMALLEST)
        guess = cls(space.clearest, radius, False, Survey.outwards(matter, probe, space.clearest))
        centre, radius, rest = fitted(matter)
        if rest > LEARNT:
            return guess
        radius = max(radius, SMALLEST)
        # An object that cameras went around fills the middle of the ball, so several places are tried.
        surveys = [Survey.outwards(matter, probe, centre + radius * step) for step in STEPS]
        told = cls(centre, radius, True, Survey.best(surveys))
        return told if told.survey.merit > rest**2 * guess.survey.merit else guess


def fitted(matter: Matter) -> tuple[Floats, float, float]:
    """(centre [3], radius, deviation of log sizes over that from one size for all), by a search that narrows."""
    points, log_sizes = matter.sampled(matter.positions), np.log(np.maximum(matter.sampled(matter.sizes), 1e-12))

    def cost(centre: Floats, radius: float) -> float:
        return deviation(log_sizes - 0.5 * np.log(((points - centre) ** 2).sum(axis=1) + radius * radius))

    def searched(seed: int) -> tuple[float, Floats, float]:
        random = np.random.default_rng(seed)
        centre, radius = np.zeros(3), 1.0
        least = cost(centre, radius)
        for step in 1.5 * 0.5 ** np.arange(ROUNDS):
            around, about = centre, radius
            for _ in range(TRIES):
                trial = around + step * random.normal(size=3), about * float(np.exp(step * random.normal()))
                found = cost(*trial)
                if found < least:
                    least, (centre, radius) = found, trial
        return least, centre, radius

    least, centre, radius = searched(0)
    # A search can end in a knot of fine detail. Only a clear gain says so; other seeds always differ a little.
    others = min((searched(seed) for seed in range(1, SEARCHES)), key=lambda search: search[0])
    if others[0] < CLEARLY * least:
        least, centre, radius = others
    return centre, radius, least / max(deviation(log_sizes), 1e-9)


def deviation(values: Floats) -> float:
    """Mean distance of values [N] from their median, each cut at OUTLIER."""
    return float(np.minimum(np.abs(values - np.median(values)), OUTLIER).mean())
