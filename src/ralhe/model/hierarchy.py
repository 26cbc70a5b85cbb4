"""The inverse region-adaptive transform in torch, for optimising latents through it.

    m1 = m + d w2 / (w1 + w2)        m2 = m - d w1 / (w1 + w2)        d = latent * step * factor

The core lists the merges (core.Merges); those of one level and axis are independent, so an octree of depth L takes
3 L passes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ralhe.core import Merges


@dataclass(frozen=True)
class Pass:
    """Independent merges."""

    rows: Tensor  # [2 m] lower rows, then upper rows
    merges: Tensor  # [m] place in coding order
    shares: Tensor  # [2 m, 1] what each row gets of the difference: w2 / (w1 + w2), then -w1 / (w1 + w2)
    factor: Tensor  # [m, 1]


class Hierarchy:
    """All passes from the mean of all to the leaves."""

    def __init__(self, merges: Merges, device: torch.device) -> None:
        self._leaf_rows = torch.from_numpy(merges.leaf_rows.astype(np.int64)).to(device)
        self._passes = []
        order = np.argsort(merges.passes, kind="stable")
        ends = np.flatnonzero(np.diff(merges.passes[order], append=np.uint32(0xFFFFFFFF))) + 1
        for members in np.split(order, ends[:-1]):
            rows = np.concatenate([merges.lower[members], merges.upper[members]]).astype(np.int64)
            shares = np.concatenate([1 - merges.share[members], -merges.share[members]])[:, None]
            tensors = (rows, members.astype(np.int64), shares, merges.factor[members][:, None])
            self._passes.append(Pass(*(torch.from_numpy(t).to(device) for t in tensors)))

    def leaves(self, latents: Tensor, steps: Tensor, root: Tensor) -> Tensor:
        """[N, D] leaves in Morton order of latents [N - 1, D], steps [D] and the mean of all [D]; differentiable."""
        table = torch.cat([root[None], torch.zeros_like(latents)])
        for p in self._passes:
            lower = p.rows[: len(p.merges)]
            difference = latents[p.merges] * p.factor * steps
            sides = table[lower].repeat(2, 1) + difference.repeat(2, 1) * p.shares
            table = table.index_copy(0, p.rows, sides)
        return table[self._leaf_rows]
