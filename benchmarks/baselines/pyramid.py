"""The paper's latents: one scalar for each occupied voxel of the last five levels of the octree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchmarks.baselines.paper_networks import LEVELS
from benchmarks.baselines.sparse_convolution import CHANNELS, Neighbours, neighbours_of
from ralhe.octree import Codes

COMPONENT_OF_LEVEL = (0, 1, 2, 0, 0)
"""Which principal axis of an attribute the latents of level L, L - 1, ... start with: in a sparse octree most voxels
of these levels have one child, so that the second and third axis find room there."""


@dataclass(frozen=True)
class Pyramid:
    """Voxels of levels L, L - 1, ... L - 4."""

    parents: tuple[Tensor, ...]  # [M] each: voxel of every point in the level
    ends: npt.NDArray[np.int32]  # [5] of the levels in one list of all latents
    neighbours: Neighbours

    @classmethod
    def of(cls, codes: Codes, depth: int) -> Pyramid:
        """codes [M]: ascending and distinct."""
        parents, sizes = [], []
        for level in range(LEVELS):
            shifted = codes >> np.uint64(3 * level)
            parent = np.cumsum(np.r_[0, shifted[1:] != shifted[:-1]])
            parents.append(torch.from_numpy(parent.astype(np.int64)))
            sizes.append(int(parent[-1]) + 1)
        return cls(tuple(parents), np.cumsum(sizes).astype(np.int32), neighbours_of(codes, depth))

    @property
    def spans(self) -> list[tuple[int, int]]:
        """First and last of each level in the list of all latents."""
        return list(zip([0, *self.ends[:-1].tolist()], self.ends.tolist(), strict=True))

    def upsample(self, latents: Tensor) -> Tensor:
        """[M, 5] copies of the latents of every point's voxels."""
        columns = [latents[a:b][parent] for (a, b), parent in zip(self.spans, self.parents, strict=True)]
        return torch.stack(columns, 1)

    def latents_of(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Latents in units of the values [M, 3], and the map [3, 5] that turns them back.

        The strongest axis goes coarse to fine, each level what coarser ones left; the others have a level each.
        """
        _, axes = torch.linalg.eigh(values.double().T @ values.double())
        axes = axes.flip(1).float()  # [3, 3], strongest first
        components = values @ axes
        out: list[Tensor] = [torch.empty(0)] * LEVELS
        left = components[:, 0].clone()
        for level in reversed(range(LEVELS)):
            component, parent = COMPONENT_OF_LEVEL[level], self.parents[level]
            source = left if component == 0 else components[:, component]
            n = int(parent[-1]) + 1
            counts = torch.bincount(parent, minlength=n)
            out[level] = torch.zeros(n).index_add_(0, parent, source) / counts
            if component == 0:
                left = left - out[level][parent]
        mixture = torch.zeros(CHANNELS, LEVELS)
        for level, component in enumerate(COMPONENT_OF_LEVEL):
            mixture[:, level] = axes[:, component]
        return torch.cat(out), mixture
