"""A scene to encode, and what its pictures say of each Gaussian."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ralhe.fit.pictures import Pictures
from ralhe.gaussians import Gaussians
from ralhe.prepare import Voxelised, gaussians_of, importance, most_important
from ralhe.prepare.importance import Weights
from ralhe.rasteriser import Splats

UNSEEN_SHARE = 1e-3
"""What a Gaussian's own numbers count beside its visibility: they order those that no picture shows."""


@dataclass(frozen=True, eq=False)
class Source:
    """A scene, cleaned, and pictures of it."""

    given: Gaussians  # as it came, the harmonics cut where that was asked for
    cleaned: Gaussians
    pictures: Pictures | None  # None where there is nothing to see
    worth: Weights  # [N] of each cleaned Gaussian: which to keep, how they weigh in a merge
    whole: int  # Gaussians of the scene before any were dropped for their worth

    @classmethod
    def of(cls, given: Gaussians, cleaned: Gaussians, pictures: Pictures | None) -> Source:
        """A scene of which nothing has been dropped yet."""
        visibility = None if pictures is None else pictures.visibility
        return cls(given, cleaned, pictures, _worth(cleaned, visibility), len(cleaned))

    def continued(self, scene: Voxelised) -> Source:
        """The same scene with what a fit has left of it as the start."""
        smaller = replace(gaussians_of(scene), antialiased=self.given.antialiased)
        visibility = None if self.pictures is None else self.pictures.influence(Splats.of(smaller)).visibility
        return replace(self, cleaned=smaller, worth=_worth(smaller, visibility))

    def keep(self, count: int, sh_degree: int) -> tuple[Gaussians, Weights]:
        """The `count` Gaussians of greatest worth, and their worth."""
        index = most_important(self.worth, count)
        return self.cleaned.with_sh_degree(sh_degree).take(index), self.worth[index]


def _worth(gaussians: Gaussians, visibility: Weights | None) -> Weights:
    """[N] visibility in pictures, or a guess from a Gaussian's own numbers without any."""
    guess = importance(gaussians)
    if visibility is None:
        return guess
    return np.asarray(visibility / max(visibility.mean(), 1e-30) + UNSEEN_SHARE * guess / max(guess.mean(), 1e-30))
