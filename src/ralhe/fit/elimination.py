"""In which order Gaussians may go: a part of them at a time, and what is left is looked at again.

How much of a picture a Gaussian makes does not say whether its neighbours, of the same colour, could take over; how
much the picture changes without it does not say what becomes of two that hide each other when both go. A geometric
mean says some of both, and is asked again of those that are left (docs/design.md has what that is worth).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from ralhe.fit.pictures import Pictures
from ralhe.fit.work import picture_work
from ralhe.gaussians import Gaussians
from ralhe.prepare import importance, most_important
from ralhe.prepare.importance import Weights
from ralhe.rasteriser import Splats
from ralhe.rasteriser.sensitivity import Influence

LEFT, SPARE = 0.7, 1.15
"""Share that is left after a round; rounds end where less than so many times what is wanted would be left."""

STALE = 2.0
"""What a part of the pictures says of those left is averaged with what other parts said the round before, which counts
the more the smaller the parts: as much where a part is one in three (docs/design.md)."""

CHANGE = 0.75  # power of how much pictures change without a Gaussian, beside the rest of how much of them it makes
FLOOR = 1e-3  # of either half of the influence, in means
UNSEEN_SHARE = 1e-3
"""What a Gaussian's own numbers count beside what pictures say: they order those that no picture shows."""


class Elimination:
    """The order of a scene's Gaussians, as far down as it was asked for."""

    def __init__(self, gaussians: Gaussians, pictures: Pictures, every: int = 1,
                 looked: Callable[[int], bool] = lambda _: True) -> None:  # fmt: skip
        """every: tiles of a picture, of which a round looks at one. looked: called after each picture with the number
        of Gaussians; False ends the work."""
        self.pictures = pictures  # and what they show of these Gaussians
        self._seen = pictures.seen  # of those left
        self._gaussians, self._every, self._looked = gaussians, every, looked
        self._guess = importance(gaussians)
        self._order = _upto_one(_worth(pictures.seen, self._guess))
        self._left = np.arange(len(gaussians))
        self._rounds = 0

    def of_other(self, gaussians: Gaussians) -> Elimination:
        """That of another scene that should look like the pictures, made in the same way."""
        splats, looked = Splats.in_own_axes(gaussians), partial(self._looked, len(gaussians))
        pictures = self.pictures.of_other(splats, self._every, looked)
        return Elimination(gaussians, pictures, self._every, self._looked)

    def order(self, count: int) -> Weights:
        """[N] the greater the later a Gaussian goes, where about `count` are to stay."""
        going = True

        def step() -> bool:
            nonlocal going
            going = self._looked(size)
            return going

        for size in rounds(len(self._left), count):
            stay = most_important(self._order[self._left], size)
            left, number = self._left[stay], self._rounds + 1
            seen = self.pictures.influence(Splats.in_own_axes(self._gaussians.take(left)), self._every, number, step)
            if not going:
                break
            self._left, self._rounds = left, number
            self._seen = Influence(*map(self._averaged, seen, (before[stay] for before in self._seen)))
            self._order[left] = number + _upto_one(_worth(self._seen, self._guess[left]))
        return self._order

    def _averaged(self, now: Weights, before: Weights) -> Weights:
        weight = (self._every - 1) / STALE
        return np.asarray((now + weight * before) / (1 + weight))


def rounds(gaussians: int, count: int) -> Iterator[int]:
    """How many of so many Gaussians are left after each round, where about `count` are to stay."""
    while (gaussians := int(LEFT * gaussians)) >= SPARE * max(count, 1):
        yield gaussians


def elimination_work(gaussians: int, count: int, pictures: int, every: int, pixels: float) -> float:
    """Work of these rounds, for the time left; each looks at so many pictures, one tile in so many."""
    return sum(pictures * picture_work(left, every, pixels) for left in rounds(gaussians, count))


def _worth(seen: Influence, guess: Weights) -> Weights:
    """[N] what pictures say of Gaussians, and a little of what they say of themselves."""
    visibility, sensitivity, own = (in_means(x) for x in (*seen, guess))
    return np.asarray((visibility + FLOOR) ** (1 - CHANGE) * (sensitivity + FLOOR) ** CHANGE + UNSEEN_SHARE * own)


def in_means(values: Weights) -> Weights:
    """Values in units of their mean."""
    return np.asarray(values / max(values.mean(), 1e-30))


def _upto_one(values: Weights) -> Weights:
    return np.asarray(values / max(values.max(), 1e-30))
