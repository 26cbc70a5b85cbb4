"""Pairs of tile and splat."""

from __future__ import annotations

import numpy as np
import pytest

from ralhe.cameras.camera import Camera
from ralhe.rasteriser.depth_order import depth_order
from ralhe.rasteriser.lens import EPS2D, numbers_of
from ralhe.rasteriser.projection import SPLAT, project
from ralhe.rasteriser.tiles import Part, Tiles, tiles_of

WIDTH, HEIGHT = 640, 480


def needles(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Splats, boxes and depths of long, thin and nearly level Gaussians, some far longer than the picture."""
    random = np.random.default_rng(3)
    means = np.stack([random.uniform(-0.6, 0.6, count), random.uniform(-0.5, 0.5, count), np.ones(count)], 1)
    lengths, angles = np.exp(random.uniform(-3, 0.5, count)), random.normal(0, 0.05, count)
    along = np.stack([np.cos(angles), np.sin(angles), np.zeros(count)], 1)
    shapes = (lengths**2)[:, None, None] * along[:, :, None] * along[:, None, :] + 1e-8 * np.eye(3)
    covariances = shapes[:, [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]].astype(np.float32)
    camera = Camera(np.eye(4), np.array([[600.0, 0, WIDTH / 2], [0, 600, HEIGHT / 2], [0, 0, 1]]), WIDTH, HEIGHT)
    out = np.empty((count, SPLAT), np.float32), np.empty((count, 4), np.int16), np.empty(count, np.float32)
    opacities, sh = np.full(count, 0.9, np.float32), np.zeros((count, 1, 3), np.float32)
    project(means.astype(np.float32), covariances, opacities, sh, 1, numbers_of(camera, EPS2D), False, *out)
    return out


@pytest.mark.parametrize("part", [Part(), Part(3, 1)])
def test_every_pair_has_a_slot_of_its_splat_alone(part: Part) -> None:
    splats, boxes, depths = needles(20_000)
    tiles: Tiles = tiles_of(splats, boxes, depth_order(depths), WIDTH, HEIGHT, part)
    assert np.array_equal(np.diff(tiles.slots), np.bincount(tiles.pairs[:, 0], minlength=len(splats)))
    by_slot = tiles.pairs[np.argsort(tiles.pairs[:, 1])]
    assert np.array_equal(by_slot[:, 1], np.arange(len(by_slot)))
    assert np.array_equal(by_slot[:, 0], np.repeat(np.arange(len(splats)), np.diff(tiles.slots)))
