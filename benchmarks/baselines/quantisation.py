"""Vector quantisation of covariances: k-means of log-covariances, as both designs do it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ralhe.prepare import Voxelised

ROUNDS = 10
POINTS_PER_ENTRY = 10  # to learn from; assigning looks at all
CHUNK = 8192
SIZES = (1024, 2048, 4096, 8192, 16384)
ENTRY_STEP = 1 / 32  # of a logarithm: a cell of 4,096 entries is twenty times as wide
ENTRY_BYTES = 5.5  # about what six of them take
MOST_OF_SIZE = 0.3  # of the largest stream, for the codebook
WORTHWHILE = 0.3  # dB that a larger one must bring
WEIGHT_POWER = 0.25

Integers = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Codebook:
    """Shapes that Gaussians share."""

    entries: Integers  # [K, 6] half logarithms of covariances, in steps
    indices: Integers  # [N]

    @property
    def shapes(self) -> npt.NDArray[np.float64]:
        """[N, 6] of the Gaussians."""
        return self.entries[self.indices].astype(np.float64) * ENTRY_STEP


def choose(scene: Voxelised, size: int, quality: Callable[[npt.NDArray[np.float64]], float]) -> Codebook:
    """The smallest codebook that no larger one beats by much, as far as the stream has room.

    quality: PSNR in dB of shapes [N, 6].
    """
    best = build(scene, SIZES[0])
    seen = quality(best.shapes)
    for entries in SIZES[1:]:
        if entries * ENTRY_BYTES > MOST_OF_SIZE * size or 4 * entries > len(scene):
            break
        larger = build(scene, entries)
        looks = quality(larger.shapes)
        if looks >= seen + WORTHWHILE:  # one that is no better says nothing of the next: on fyoxy PSNR is not monotonic
            best, seen = larger, looks
    return best


def build(scene: Voxelised, entries: int) -> Codebook:
    """Lloyd's algorithm on a sample; Gaussians weigh by what they show, mildly."""
    shapes = torch.from_numpy(scene.log_covariances.astype(np.float32))
    weights = torch.from_numpy(np.maximum(scene.weights, 1e-12) ** WEIGHT_POWER).float()
    generator = torch.Generator().manual_seed(0)
    entries = min(entries, len(shapes))
    rows = torch.randperm(len(shapes), generator=generator)[: POINTS_PER_ENTRY * entries]
    points, weights = shapes[rows], weights[rows]
    centres = points[torch.multinomial(weights, entries, generator=generator)].clone()
    for _ in range(ROUNDS):
        nearest = _nearest(points, centres)
        mass = torch.zeros(entries).index_add_(0, nearest, weights)
        sums = torch.zeros(entries, 6).index_add_(0, nearest, points * weights[:, None])
        full = mass > 0
        centres[full] = sums[full] / mass[full, None]
    stored = torch.round(centres / ENTRY_STEP)
    return Codebook(stored.int().numpy(), _nearest(shapes, stored * ENTRY_STEP).numpy().astype(np.int32))


def _nearest(points: Tensor, centres: Tensor) -> Tensor:
    """[n] row of the nearest centre."""
    square = 0.5 * centres.square().sum(1)
    chunks = (torch.addmm(square, chunk, centres.T, alpha=-1) for chunk in torch.split(points, CHUNK))
    return torch.cat([torch.argmin(distances, 1) for distances in chunks])
