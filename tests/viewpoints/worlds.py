"""Small worlds of flat Gaussians, z up unless turned: a statuette on the ground, a microphone, a room, a landscape."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ralhe.gaussians import SH_C0, Gaussians
from ralhe.viewpoints.robust import Floats
from tests.scenes import joined

Random = np.random.Generator
Point = tuple[float, float, float] | Floats

BOX = ((0, 1, 2), (1, 2, 0), (2, 0, 1))


def discs(points: Floats, normals: Floats, size: float | Floats, colours: Floats) -> Gaussians:
    """Opaque discs at points [N, 3] across normals [N, 3], of deviation `size` ([N] or one), in colours [N, 3]."""
    n = len(points)
    normals = normals / np.linalg.norm(normals, axis=1, keepdims=True)
    rotations = np.column_stack([1 + normals[:, 2], -normals[:, 1], normals[:, 0], np.zeros(n)])  # turns z there
    rotations[normals[:, 2] < -0.999999] = 0, 1, 0, 0
    sizes = np.broadcast_to(size, n)
    log_scales = np.log(np.column_stack([sizes, sizes, 0.1 * sizes]))
    sh = ((np.broadcast_to(colours, (n, 3)) - 0.5) / SH_C0)[:, None]
    return Gaussians(
        points.astype(np.float32),
        log_scales.astype(np.float32),
        rotations.astype(np.float32),
        np.full(n, 4.0, np.float32),
        sh.astype(np.float32),
    )


def checks(points: Floats, size: float = 0.3) -> Floats:
    """[N, 3] a texture that follows places."""
    dark = (np.floor(points / size).astype(int).sum(axis=1) % 2)[:, None]
    return np.where(dark, [[0.2, 0.3, 0.4]], [[0.8, 0.6, 0.5]])


def ball(rng: Random, n: int = 1500, centre: Point = (0, 0, 0), radius: float = 1.0) -> Gaussians:
    """A textured ball, lit from above."""
    directions = rng.normal(size=(n, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    points = radius * directions + centre
    light = 0.55 + 0.45 * directions[:, 2:]
    return discs(points, directions, 2.2 * radius / np.sqrt(n), checks(points, 0.3 * radius) * light)


def sheet(rng: Random, n: int, origin: Point, first: Point, second: Point) -> Gaussians:
    """A textured parallelogram."""
    origin, first, second = (np.array(v, float) for v in (origin, first, second))
    points = origin + rng.random((n, 1)) * first + rng.random((n, 1)) * second
    normal = np.cross(first, second)
    size = 1.2 * np.sqrt(np.linalg.norm(normal) / n)
    return discs(points, np.tile(normal, (n, 1)), size, checks(points))


def block(rng: Random, n: int, low: Point, high: Point) -> Gaussians:
    """The six sides of a box, n Gaussians in all, spread by area."""
    low, high = np.array(low, float), np.array(high, float)
    edges = np.diag(high - low)
    areas = np.array([np.prod((high - low)[list(axes[1:])]) for axes in BOX])
    counts = np.maximum(1, np.round(n * areas / (2 * areas.sum()))).astype(int)
    sides = [
        sheet(rng, count, corner, edges[b], edges[c])
        for (a, b, c), count in zip(BOX, counts, strict=True)
        for corner in (low, low + edges[a])
    ]
    return joined(*sides)


def statuette(rng: Random) -> Gaussians:
    """Two balls on a square of ground, longer towards +x; nothing of it is symmetric."""
    ground = sheet(rng, 2500, (-2, -1.2, -1), (4.5, 0, 0), (0, 2.4, 0))
    return joined(ball(rng), ball(rng, 500, (1.2, 0.3, -0.5), 0.5), ground)


def microphone(rng: Random) -> Gaussians:
    """A capsule in two layers of grille, all fine, on a long coarse stand."""
    head = joined(ball(rng, 2000), ball(rng, 1500, radius=0.7), ball(rng, 750, radius=0.4))
    return joined(head, block(rng, 600, (-0.2, -0.2, -6), (0.2, 0.2, -1)))


def room(rng: Random) -> Gaussians:
    """A closed room of 4 x 3 x 2.4, bright above, with a table, a cupboard and a pillar in it."""
    walls = block(rng, 5000, (-2, -1.5, 0), (2, 1.5, 2.4))
    table = block(rng, 2000, (-0.5, -0.4, 0), (0.5, 0.4, 0.8))
    cupboard = block(rng, 1500, (-1.9, -1.4, 0), (-1.3, 0.5, 1.6))
    pillar = block(rng, 1500, (1.4, 0.8, 0), (1.8, 1.2, 2.4))
    return joined(walls, table, cupboard, pillar)


def landscape(rng: Random) -> Gaussians:
    """A statuette on a meadow under a far sky, in sizes as photos taken on a walk around it would leave them."""
    reach = 3 * np.sqrt((1 + 20**2) ** rng.random(5000) - 1)  # as many Gaussians as (reach**2 + 3**2) asks for
    angles = 2 * np.pi * rng.random(5000)
    points = np.column_stack([reach * np.cos(angles), reach * np.sin(angles), np.full(5000, -1.05)])
    sizes = 0.04 * np.hypot(reach, 3)
    meadow = discs(points, np.tile([0.0, 0.0, 1.0], (5000, 1)), sizes, checks(points, 0.5) * [0.5, 0.7, 0.3])
    directions = rng.normal(size=(800, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    directions[:, 2] = np.abs(directions[:, 2])
    sky = discs(60 * directions, directions, 4.0, np.array([[0.7, 0.8, 1.0]]))
    inner = 0.3 * rng.normal(size=(60, 3))  # what no camera sees stays coarse
    return joined(statuette(rng), meadow, sky, discs(inner, inner, 0.2, np.array([[0.1, 0.1, 0.1]])))


def floaters(rng: Random, n: int = 12) -> Gaussians:
    """Single Gaussians near and as far as a thousand units away, some of them large."""
    directions = rng.normal(size=(n, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    distances = np.geomspace(4, 1000, n)
    return discs(distances[:, None] * directions, directions, 0.02 * distances, np.array([[1.0, 0.0, 1.0]]))


def turned(scene: Gaussians, rotation: Floats, factor: float = 1.0, move: Point = (0, 0, 0)) -> Gaussians:
    """The scene turned by a rotation [3, 3], then `factor` times as large, then moved."""
    w, x, y, z = scene.rotations.astype(float).T
    a, b, c, d = quaternion(rotation)
    rotations = np.column_stack([
        a * w - b * x - c * y - d * z, a * x + b * w + c * z - d * y,
        a * y - b * z + c * w + d * x, a * z + b * y - c * x + d * w,
    ])  # fmt: skip
    return replace(
        scene,
        positions=(factor * scene.positions @ np.transpose(rotation) + move).astype(np.float32),
        log_scales=scene.log_scales + np.float32(np.log(factor)),
        rotations=rotations.astype(np.float32),
    )


def quaternion(rotation: Floats) -> tuple[float, float, float, float]:
    """w, x, y, z of a rotation [3, 3]: the eigenvector of its largest eigenvalue, in Bar-Itzhack's matrix (2000)."""
    m = np.asarray(rotation, float)
    k = np.array([
        [m[0, 0] - m[1, 1] - m[2, 2], m[1, 0] + m[0, 1], m[2, 0] + m[0, 2], m[2, 1] - m[1, 2]],
        [m[1, 0] + m[0, 1], m[1, 1] - m[0, 0] - m[2, 2], m[2, 1] + m[1, 2], m[0, 2] - m[2, 0]],
        [m[2, 0] + m[0, 2], m[2, 1] + m[1, 2], m[2, 2] - m[0, 0] - m[1, 1], m[1, 0] - m[0, 1]],
        [m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], m[0, 0] + m[1, 1] + m[2, 2]],
    ])  # fmt: skip
    x, y, z, w = np.linalg.eigh(k)[1][:, -1]
    return w, x, y, z
