"""A scene to encode, and what its pictures say of each Gaussian."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ralhe.fit.elimination import UNSEEN_SHARE, Elimination, in_means
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


@dataclass(frozen=True, eq=False)
class Source:
    """A scene, cleaned, and pictures of it."""

    given: Gaussians  # as it came, the harmonics cut where that was asked for
    cleaned: Gaussians
    pictures: Pictures | None  # None where there is nothing to see
    worth: Weights  # [N] how each cleaned Gaussian weighs in a merge
    elimination: Elimination | None  # which of them to keep, by the pictures
    start: Source | None = None  # of what a fit has left: the scene before any were dropped for their worth

    @classmethod
    def of(cls, given: Gaussians, cleaned: Gaussians, pictures: Pictures | None, every: int = 1,
           looked: Callable[[int], bool] = lambda _: True) -> Source:  # fmt: skip
        """A scene of which nothing has been dropped yet. every, looked: as for `Elimination`."""
        if pictures is None:
            return cls(given, cleaned, None, importance(cleaned), None)
        elimination = Elimination(cleaned, pictures, every, looked)
        return cls(given, cleaned, pictures, _worth(cleaned, pictures), elimination)

    @property
    def whole(self) -> Source:
        """The scene of which nothing has been dropped yet."""
        return self.start or self

    @property
    def learnt(self) -> int | None:
        """How many Gaussians a fit has left, where this is what it left."""
        return len(self.cleaned) if self.start else None

    @property
    def photographed(self) -> bool:
        """Whether there are photos among the pictures."""
        return self.pictures is not None and self.pictures.photographed

    def continued(self, scene: Voxelised) -> Source:
        """The same scene with what a fit has left of it as the start."""
        smaller = replace(gaussians_of(scene), antialiased=self.given.antialiased)
        if self.elimination is None:
            return replace(self, cleaned=smaller, worth=importance(smaller), start=self.whole)
        elimination = self.elimination.of_other(smaller)
        pictures, worth = elimination.pictures, _worth(smaller, elimination.pictures)
        return replace(self, cleaned=smaller, pictures=pictures, worth=worth, elimination=elimination, start=self.whole)

    def order(self, count: int) -> Weights:
        """[N] the greater the more a Gaussian should stay, where about `count` of them do."""
        return self.worth if self.elimination is None else self.elimination.order(count)

    def fill(self, voxels: int, depth: int) -> tuple[npt.NDArray[np.intp], VoxelGrid]:
        """Which Gaussians to keep so as to fill at most so many voxels of an octree of some depth, and its grid."""
        places, order = self.cleaned.positions, self.order(voxels)
        grid = choose_grid(places[most_important(order, voxels)], depth)
        kept = most_important(order, voxels, grid.codes(places))
        grid = choose_grid(places[kept], depth)  # may hold them apart where the first one did not
        fewer = most_important(order, voxels, grid.codes(places))
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
        return self.pictures.error(Leaves(scene).splats(self.given.antialiased), short=True)


def _worth(gaussians: Gaussians, pictures: Pictures) -> Weights:
    """[N] visibility in pictures, and a little of a Gaussian's own guess for those that no picture shows."""
    return in_means(pictures.seen.visibility) + UNSEEN_SHARE * in_means(importance(gaussians))
