"""3 x 3 x 3 convolutions of three channels on occupied voxels only, with gradients."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchmarks.baselines.range_coder import kernel
from ralhe.octree import Codes, morton_codes, voxels_of

F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]

OFFSETS = 27
CHANNELS = 3


@dataclass(frozen=True)
class Neighbours:
    """Occupied voxels around each, itself among them."""

    starts: I32  # [N + 1] rows of a voxel in the lists below
    rows: I32  # [pairs] of the neighbours
    offsets: I32  # [pairs] which of the 27 places each is in


def neighbours_of(codes: Codes, depth: int) -> Neighbours:
    """codes [N]: ascending and distinct."""
    voxels, side = voxels_of(codes, depth), 2**depth
    here, there, places = [], [], []
    for place, offset in enumerate(product((-1, 0, 1), repeat=3)):
        moved = voxels + np.array(offset)
        inside = np.flatnonzero(((moved >= 0) & (moved < side)).all(axis=1))
        wanted = morton_codes(moved[inside], depth)
        found = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
        same = codes[found] == wanted
        here.append(inside[same])
        there.append(found[same])
        places.append(np.full(int(same.sum()), place))
    order = np.argsort(np.concatenate(here), kind="stable")
    counts = np.bincount(np.concatenate(here), minlength=len(codes))
    lists = (np.concatenate(parts)[order].astype(np.int32) for parts in (there, places))
    return Neighbours(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32), *lists)


def convolve(x: Tensor, weights: Tensor, neighbours: Neighbours) -> Tensor:
    """[N, 3] of x [N, 3] under weights [27, 3 out, 3 in]; empty voxels count as zeros."""
    return _Convolution.apply(x, weights, neighbours)  # type: ignore[no-any-return, no-untyped-call]


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weights: Tensor, neighbours: Neighbours) -> Tensor:
        arrays = x.detach().contiguous().numpy(), weights.detach().contiguous().numpy()
        ctx.kept = (*arrays, neighbours)
        out = np.zeros_like(arrays[0])
        convolve_rows(*arrays, neighbours.starts, neighbours.rows, neighbours.offsets, out)
        return torch.from_numpy(out)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        x, weights, neighbours = ctx.kept
        dx, dw = np.zeros_like(x), np.zeros_like(weights)
        g = gradient.contiguous().numpy()
        convolve_gradient(x, weights, neighbours.starts, neighbours.rows, neighbours.offsets, g, dx, dw)
        return torch.from_numpy(dx), torch.from_numpy(dw), None


@kernel
def convolve_rows(x: F32, weights: F32, starts: I32, rows: I32, offsets: I32, out: F32) -> None:
    """Adds the convolution to out."""
    for i in range(len(x)):
        for p in range(starts[i], starts[i + 1]):
            j, o = rows[p], offsets[p]
            for a in range(CHANNELS):
                for b in range(CHANNELS):
                    out[i, a] += weights[o, a, b] * x[j, b]


@kernel
def convolve_gradient(x: F32, weights: F32, starts: I32, rows: I32, offsets: I32, g: F32, dx: F32, dw: F32) -> None:
    """Adds to the gradients of x and weights from that of the outcome."""
    for i in range(len(x)):
        for p in range(starts[i], starts[i + 1]):
            j, o = rows[p], offsets[p]
            for a in range(CHANNELS):
                for b in range(CHANNELS):
                    dx[j, b] += weights[o, a, b] * g[i, a]
                    dw[o, a, b] += g[i, a] * x[j, b]
