"""Fewer Gaussians: keep those that matter most, and let them take in the rest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ralhe.prepare.importance import Weights


def most_important(weights: Weights, count: int, cells: npt.NDArray[np.integer] | None = None) -> npt.NDArray[np.intp]:
    """Ascending indices of the greatest of [N] weights, ties to the earlier one: `count` of them, or as many as lie in
    `count` different cells where the [N] cells they are in are given."""
    order = np.argsort(-weights, kind="stable")
    if cells is None:
        return np.sort(order[:count])
    new = np.sort(np.unique(cells[order], return_index=True)[1])
    return np.sort(order[: new[count]] if count < len(new) else order)


def nearest_kept(positions: npt.NDArray[np.float32], kept: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """[N] which of the kept is nearest to each of [N, 3] positions; itself, for one that is kept."""
    from scipy.spatial import KDTree  # encoders have it, decoders need not

    homes = np.arange(len(positions))
    others = np.delete(homes, kept)
    homes[others] = kept[KDTree(positions[kept]).query(positions[others], workers=-1)[1]]
    return homes
