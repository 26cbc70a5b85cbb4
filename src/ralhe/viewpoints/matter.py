"""What of a scene can be seen: its visible Gaussians in a unit of the scene's own, thinned to be quick to draw."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self, TypeVar

import numpy as np
import numpy.typing as npt

from ralhe.errors import SceneError
from ralhe.gaussians import MIN_OPACITY, SH_C0, Gaussians
from ralhe.rotations import rotation_matrices
from ralhe.viewpoints.robust import Floats, geometric_median, quantiles

T = TypeVar("T", bound=np.generic)

MAX_DRAWN = 100_000
"""Gaussians that small renders show; a larger scene is thinned to so many."""

SAMPLE = 8000
"""Gaussians, about, that stand for all where one by one is slow."""

NEARBY = 3.0
"""Matter farther from the origin says nothing about up, units."""

EXTREME = 40.0
"""Natural log of the largest standard deviation whose square is a float32, and of the inverse of the smallest."""


@dataclass(frozen=True, eq=False)
class Matter:
    """M Gaussians that can be seen, at most MAX_DRAWN; half of them lie within one unit of the origin."""

    drawn: Gaussians  # [M] of degree 0, units; enlarged where Gaussians were left out, so that surfaces stay closed
    positions: Floats  # [M, 3] units
    sizes: Floats  # [M] geometric mean of the two larger standard deviations, not enlarged, units
    normals: Floats  # [M, 3] unit vectors along the shortest axes, of either sign
    flatness: Floats  # [M] 1 for a disc, 0 for a ball
    opacities: Floats  # [M] in [0, 1]
    luminances: Floats  # [M] of the base colours, 0 and up
    origin: Floats  # [3] scene units
    unit: float  # scene units

    @classmethod
    def of(cls, scene: Gaussians) -> Self:
        """The matter of a scene. Raises SceneError where there is no Gaussian with finite numbers."""
        scene = visible(scene)
        share = min(1.0, MAX_DRAWN / len(scene))
        if share < 1:
            scene = scene.take(np.sort(np.random.default_rng(0).choice(len(scene), MAX_DRAWN, replace=False)))
        positions = scene.positions.astype(np.float64)
        short, middle, long = np.sort(np.exp(scene.log_scales.astype(np.float64)), axis=1).T
        sizes, opacities = np.sqrt(middle * long), scene.opacities.astype(np.float64)
        origin = geometric_median(positions, opacities)
        reach = np.linalg.norm(positions - origin, axis=1) + sizes
        # A lone point without size still gets a unit that float32 resolves around it.
        unit = max(float(quantiles(reach, opacities, (0.5,))[0]), 1e-5 * float(np.abs(origin).max()), 1e-12)
        positions = (positions - origin) / unit
        log_scales = scene.log_scales - np.log(unit) - 0.5 * np.log(share)
        return cls(
            drawn=replace(scene, positions=positions.astype(np.float32), log_scales=log_scales),
            positions=positions,
            sizes=sizes / unit,
            normals=shortest_axes(scene),
            flatness=1 - short / middle,
            opacities=opacities,
            luminances=np.maximum(0.5 + SH_C0 * scene.sh[:, 0].astype(np.float64), 0) @ (0.2126, 0.7152, 0.0722),
            origin=origin,
            unit=unit,
        )

    def turned(self, axes: Floats) -> Self:
        """The same matter in coordinates along other axes, [3, 3] rows of a rotation; `drawn` stays as it is."""
        return replace(self, positions=self.positions @ axes.T, normals=self.normals @ axes.T)

    @property
    def nearby(self) -> npt.NDArray[np.bool_]:
        """[M] whether Gaussians lie within NEARBY of the origin."""
        return np.asarray(np.linalg.norm(self.positions, axis=1) < NEARBY)

    def sampled(self, values: npt.NDArray[T]) -> npt.NDArray[T]:
        """The rows of values [M, ...] that belong to every so many a Gaussian: SAMPLE to 2 SAMPLE of them."""
        return values[:: max(1, len(values) // SAMPLE)]


def visible(scene: Gaussians) -> Gaussians:
    """The Gaussians that a camera can see, of degree 0; all finite ones, made opaque, where it can see none."""
    scene = scene.with_sh_degree(0)
    finite = scene.finite & (scene.log_scales < EXTREME).all(axis=1)
    if not finite.any():
        raise SceneError(f"no Gaussian of the scene's {len(scene)} is finite; views need at least one to look at")
    scene = scene.take(finite)
    scene = replace(scene, log_scales=np.maximum(scene.log_scales, -EXTREME))
    seen = scene.opacities > MIN_OPACITY
    if seen.any():
        return scene.take(seen)
    return replace(scene, opacity_logits=np.full(len(scene), np.inf, np.float32))


def shortest_axes(scene: Gaussians) -> Floats:
    """[N, 3] unit vectors along the shortest axes of Gaussians."""
    rotations = scene.rotations.astype(np.float64)
    norms = np.linalg.norm(rotations, axis=1)
    rotations[norms == 0] = 1, 0, 0, 0
    matrices = rotation_matrices(rotations / np.where(norms > 0, norms, 1)[:, None])
    return np.asarray(matrices[np.arange(len(scene)), :, np.argmin(scene.log_scales, axis=1)])
