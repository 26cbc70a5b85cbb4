"""A scene to encode, and what its pictures say of each Gaussian."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ralhe.fit.pictures import Pictures
from ralhe.fit.retraining import Leaves
from ralhe.gaussians import Gaussians
from ralhe.prepare import (
    VoxelGrid,
    Voxelised,
    choose_grid,
    gaussians_of,
    importance,
    most_important,
    nearest_kept,
    voxelise,
)
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
    start: Source | None = None  # of what a fit has left: the scene before any were dropped for their worth

    @classmethod
    def of(cls, given: Gaussians, cleaned: Gaussians, pictures: Pictures | None) -> Source:
        """A scene of which nothing has been dropped yet."""
        visibility = None if pictures is None else pictures.visibility
        return cls(given, cleaned, pictures, _worth(cleaned, visibility))

    @property
    def whole(self) -> Source:
        """The scene of which nothing has been dropped yet."""
        return self.start or self

    @property
    def photographed(self) -> bool:
        """Whether there are photos among the pictures."""
        return self.pictures is not None and self.pictures.photographed

    def continued(self, scene: Voxelised) -> Source:
        """The same scene with what a fit has left of it as the start."""
        smaller = replace(gaussians_of(scene), antialiased=self.given.antialiased)
        visibility = None if self.pictures is None else self.pictures.visibility_of(Splats.of(smaller))
        return replace(self, cleaned=smaller, worth=_worth(smaller, visibility), start=self.whole)

    def fill(self, voxels: int, depth: int) -> tuple[npt.NDArray[np.intp], VoxelGrid]:
        """Which Gaussians of greatest worth fill at most so many voxels of an octree of some depth, and its grid."""
        places = self.cleaned.positions
        grid = choose_grid(places[most_important(self.worth, voxels)], depth)
        kept = most_important(self.worth, voxels, grid.codes(places))
        grid = choose_grid(places[kept], depth)  # may hold them apart where the first one did not
        fewer = most_important(self.worth, voxels, grid.codes(places))
        return min(kept, fewer, key=len), grid

    def voxelise(self, kept: npt.NDArray[np.intp], grid: VoxelGrid, sh_degree: int) -> Voxelised:
        """The kept Gaussians; the rest is left out, or merged into those nearest where pictures held out say so.

        Merging keeps what covers a wall or a street, and blurs what is thin (docs/design.md).
        """
        cleaned = self.cleaned.with_sh_degree(sh_degree)
        pruned = voxelise(cleaned.take(kept), grid, self.worth[kept])
        if self.pictures is None or len(kept) == len(cleaned):
            return pruned
        merged = voxelise(cleaned, grid, self.worth, nearest_kept(cleaned.positions, kept))
        return min(pruned, merged, key=self._error)

    def _error(self, scene: Voxelised) -> float:
        assert self.pictures is not None
        return self.pictures.error(Leaves(scene).splats(self.given.antialiased), self.pictures.short_exam)


def _worth(gaussians: Gaussians, visibility: Weights | None) -> Weights:
    """[N] visibility in pictures, or a guess from a Gaussian's own numbers without any."""
    guess = importance(gaussians)
    if visibility is None:
        return guess
    return np.asarray(visibility / max(visibility.mean(), 1e-30) + UNSEEN_SHARE * guess / max(guess.mean(), 1e-30))
