"""Small scenes and octrees for the tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ralhe.gaussians import Coordinates, Gaussians
from ralhe.octree import Codes, morton_codes

FIELDS = ("positions", "log_scales", "rotations", "opacity_logits", "sh")


def sphere(n: int = 300, degree: int = 1, seed: int = 0, *, antialiased: bool = False,
           coordinates: Coordinates = "unspecified") -> Gaussians:  # fmt: skip
    """A bumpy sphere of flat Gaussians whose colours follow their places, as in a trained scene."""
    rng = np.random.default_rng(seed)
    directions = rng.normal(size=(n, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    positions = directions * (1 + 0.1 * np.sin(5 * directions[:, :1])) + rng.normal(scale=0.01, size=(n, 3))
    sh = rng.normal(scale=0.05, size=(n, (degree + 1) ** 2, 3))
    sh[:, 0] = np.sin(3 * positions)
    return scene_of(
        positions=positions,
        log_scales=np.log([0.03, 0.03, 0.004]) + rng.normal(scale=0.4, size=(n, 3)),
        rotations=rng.normal(size=(n, 4)),
        opacity_logits=rng.normal(loc=1.0, scale=2.0, size=n),
        sh=sh,
        antialiased=antialiased,
        coordinates=coordinates,
    )


def scene_of(positions: npt.ArrayLike, log_scales: npt.ArrayLike, rotations: npt.ArrayLike,
             opacity_logits: npt.ArrayLike, sh: npt.ArrayLike, *, antialiased: bool = False,
             coordinates: Coordinates = "unspecified") -> Gaussians:  # fmt: skip
    """Gaussians of numbers of any type."""
    fields = (positions, log_scales, rotations, opacity_logits, sh)
    places, scales, turns, logits, colours = (np.asarray(field, np.float32) for field in fields)
    return Gaussians(places, scales, turns, logits, colours, antialiased, coordinates)


def joined(*scenes: Gaussians) -> Gaussians:
    """All Gaussians of several scenes."""
    return scene_of(*(np.concatenate([getattr(scene, name) for scene in scenes]) for name in FIELDS))


def stuffed(n: int) -> Gaussians:
    """An opaque sphere of `n` Gaussians around as many that nobody sees."""
    shell, inside = sphere(n, 0), sphere(n, 0, seed=1)
    shell = replace(shell, opacity_logits=np.full(n, 8.0), log_scales=np.full((n, 3), np.log(3 / np.sqrt(n))))
    inside = replace(inside, positions=0.6 * inside.positions)
    return joined(shell, inside)


def identical(n: int, degree: int = 0) -> Gaussians:
    """`n` times the same Gaussian, away from the origin."""
    one = sphere(1, degree, seed=3)
    return one.take(np.zeros(n, np.int64))


def uniform_codes(n: int, depth: int, seed: int = 0) -> Codes:
    """About `n` voxels anywhere in the box."""
    rng = np.random.default_rng(seed)
    return np.unique(morton_codes(rng.integers(0, 2**depth, (n, 3)), depth))


def surface_codes(n: int, depth: int, seed: int = 0) -> Codes:
    """About `n` voxels on a sphere, dense enough to have neighbours at the coarse levels."""
    rng = np.random.default_rng(seed)
    directions = rng.normal(size=(n, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    voxels = np.clip(((0.5 + 0.45 * directions) * 2**depth).astype(np.int64), 0, 2**depth - 1)
    return np.unique(morton_codes(voxels, depth))


def chain_codes(depth: int, tail: int = 2) -> Codes:
    """`tail` neighbours at the end of a path without branches through all levels."""
    corner = np.full((tail, 3), 2**depth - 1, np.int64)
    corner[:, 0] -= np.arange(tail)
    return np.unique(morton_codes(np.maximum(corner, 0), depth))


def full_cube_codes(depth: int) -> Codes:
    """Every voxel of the box."""
    return np.arange(8**depth, dtype=np.uint64)


def nodes_per_level(codes: Codes, depth: int) -> list[int]:
    """Occupied nodes of levels 0 ... depth, from ascending codes of the leaves."""
    return [len(codes) and 1 + int(np.count_nonzero(np.diff(codes >> np.uint64(3 * (depth - level)))))
            for level in range(depth + 1)]  # fmt: skip


def random_attributes(n: int, channels: int, seed: int = 0) -> npt.NDArray[np.float32]:
    """[n, channels] smooth along the Morton order, with noise: opacity logits, colours, log-covariances, harmonics."""
    rng = np.random.default_rng(seed)
    smooth = np.cumsum(rng.normal(scale=0.1, size=(n, channels)), axis=0)
    values = smooth + rng.normal(scale=0.3, size=(n, channels))
    values[:, 4:7] -= 3.0
    return np.clip(values, -8, 8).astype(np.float32)


def same_bits(left: Gaussians, right: Gaussians) -> bool:
    """Whether two scenes agree to the last bit."""
    arrays = all(getattr(left, f).tobytes() == getattr(right, f).tobytes() for f in FIELDS)
    return arrays and left.antialiased == right.antialiased and left.coordinates == right.coordinates


def all_finite(gaussians: Gaussians) -> bool:
    """Whether no value of a scene is NaN or infinite."""
    return all(bool(np.isfinite(getattr(gaussians, f)).all()) for f in FIELDS)


def matrices_of(six: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """[N, 3, 3] of [N, 6] xx, yy, zz and sqrt(2) times xy, xz, yz."""
    xx, yy, zz, xy, xz, yz = np.asarray(six, np.float64).T * np.array([[1, 1, 1, *[0.5**0.5] * 3]]).T
    return np.stack([np.stack(r, -1) for r in ([xx, xy, xz], [xy, yy, yz], [xz, yz, zz])], -2)
