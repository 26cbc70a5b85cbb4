"""What both designs code: a voxelised scene, retrained, whose covariances come from a codebook.

    clean -> prune or not -> depth -> voxelise -> retrain -> codebook -> retrain the rest

Pictures, pruning, voxels and retraining are those of ralhe's encoder with preset fast.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.baselines import quantisation
from benchmarks.baselines.quantisation import Codebook
from ralhe.fit.pictures import Pictures
from ralhe.fit.retraining import COLOUR_RATE, HARMONIC_RATE, OPACITY_RATE, Leaves, learn, retrain
from ralhe.fit.source import Source
from ralhe.gaussians import Gaussians
from ralhe.prepare import Voxelised, choose_grid, most_important, voxelise
from ralhe.rasteriser import Splats

RETRAINING_ITERATIONS = 200  # twice those of `fast`
REST_ITERATIONS = RETRAINING_ITERATIONS // 2
DEPTHS = range(9, 15)
ENOUGH = 50.0
"""dB that voxels alone must reach on pictures held out: above what streams look like, so that they do not limit."""


@dataclass(frozen=True)
class Model:
    """A scene ready for its attributes to be coded."""

    scene: Voxelised  # covariances are those of the codebook
    codebook: Codebook
    antialiased: bool

    @property
    def sh_degree(self) -> int:
        return int(self.scene.sh.shape[1] ** 0.5) - 1


def prepare(source: Source, count: int, size: int) -> tuple[Model, Source]:
    """The `count` most important Gaussians, the rest merged or left out, and the scene to go on from.

    size: bytes of the largest stream to come.
    """
    pictures, antialiased = source.pictures, source.given.antialiased
    assert pictures is not None
    kept = most_important(source.order(count), count)
    gaussians = source.cleaned.take(kept)
    depth = choose_depth(gaussians, source.worth[kept], pictures, antialiased)
    scene = source.voxelise(kept, choose_grid(gaussians.positions, depth), source.given.sh_degree)
    scene = retrain(scene, pictures, RETRAINING_ITERATIONS, antialiased, lambda: True)

    def quality(shapes: npt.NDArray[np.float64]) -> float:
        splats = Leaves(replace(scene, log_covariances=shapes)).splats(antialiased)
        return decibels(pictures.error(splats))

    codebook = quantisation.choose(scene, size, quality)
    scene = retrain_rest(replace(scene, log_covariances=codebook.shapes), pictures, antialiased)
    return Model(scene, codebook, antialiased), source.continued(scene)


def choose_depth(gaussians: Gaussians, worth: npt.NDArray[np.float64], pictures: Pictures, antialiased: bool) -> int:
    """The least depth whose voxels look like the Gaussians that they were made of."""
    before = Splats.of(gaussians)
    with torch.no_grad():
        wanted = [picture.drawn(before) for picture in pictures.exam]
    for depth in DEPTHS:
        scene = voxelise(gaussians, choose_grid(gaussians.positions, depth), worth)
        splats = Leaves(scene).splats(antialiased)
        with torch.no_grad():
            errors = [
                float((picture.drawn(splats) - there).square().mean())
                for picture, there in zip(pictures.exam, wanted, strict=True)
            ]
        if decibels(float(np.mean(errors))) >= ENOUGH:
            return depth
    return DEPTHS[-1]


def retrain_rest(scene: Voxelised, pictures: Pictures, antialiased: bool) -> Voxelised:
    """Lets opacity and colour make up for what the codebook did to the shapes, which stay."""
    leaves = Leaves(scene)
    rates = {"opacities": OPACITY_RATE, "colours": COLOUR_RATE, "harmonics": HARMONIC_RATE}
    for _ in learn(leaves, rates, pictures, REST_ITERATIONS, antialiased, seed=1):
        pass
    return replace(leaves.scene(), log_covariances=scene.log_covariances)


def decibels(square: float) -> float:
    """PSNR of a mean squared error."""
    return -10 * math.log10(max(square, 1e-12))
