"""Which splats meet which tile of the picture, near to far."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ralhe.errors import SceneError
from ralhe.kernels import inline, parallel, prange
from ralhe.rasteriser.projection import ACROSS, ALONG, F32, HALF_HEIGHT, I16, REACH, SHEAR, TILE, TIP, X, Y, tile_of

PARTS = 8  # pieces of the depth order, whatever the number of threads
SLACK = 0.01  # pixels, for rounding

f32 = np.float32
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Tiles:
    """The splats of each tile of a picture, tiles row by row."""

    columns: int  # tiles in a row
    starts: I64  # [T + 1] first pair of each tile
    pairs: I32  # [P, 2] splat and slot, by tile and near to far
    slots: I64  # [N + 1] first slot of each splat: slots number the pairs by splat


def tiles_of(splats: F32, boxes: I16, order: I32, width: int, height: int) -> Tiles:
    """Pairs of tile and splat for `order`, the visible splats near to far."""
    columns, rows = -(-width // TILE), -(-height // TILE)
    counts, met = np.zeros((PARTS, columns * rows), np.int32), np.zeros(len(splats), np.int32)
    count_pairs(splats, boxes, order, columns, counts, met)
    ends = np.cumsum(counts.T.ravel(), dtype=np.int64)
    total = int(ends[-1])
    if total >= 1 << 31:
        raise SceneError(f"the picture needs {total:,} pairs of tile and Gaussian; draw a smaller picture")
    starts = np.concatenate([ends[PARTS - 1 :: PARTS] - counts.sum(0), [total]])
    slots = np.concatenate([[0], np.cumsum(met, dtype=np.int64)])
    places = np.ascontiguousarray((ends - counts.T.ravel()).reshape(-1, PARTS).T)
    pairs = np.empty((total, 2), np.int32)
    fill_pairs(splats, boxes, order, columns, places, slots, pairs)
    return Tiles(columns, starts, pairs, slots)


@inline
def columns_met(splats: F32, boxes: I16, i: int, row: int) -> tuple[int, int]:
    """First and last tile of a row that the ellipse meets: its extent over the row's band of pixel centres.

    The outline is convex, so its rightmost point within the band is the tip or lies on the nearer edge.
    """
    first, last = boxes[i, 2], boxes[i, 3]
    if first == last or boxes[i, 0] == boxes[i, 1]:
        return first, last
    half, tip, shear = splats[i, HALF_HEIGHT], splats[i, TIP], splats[i, SHEAR]
    top = f32(TILE * row) + f32(0.5) - splats[i, Y]
    low, high = max(top, -half), min(top + f32(TILE - 1), half)
    at = min(max(tip, low), high)
    right = math.sqrt(max(f32(0), splats[i, REACH] - splats[i, ALONG] * at * at) / splats[i, ACROSS]) - shear * at
    at = min(max(-tip, low), high)
    left = -math.sqrt(max(f32(0), splats[i, REACH] - splats[i, ALONG] * at * at) / splats[i, ACROSS]) - shear * at
    size = float(TILE * (last + 1))
    return max(tile_of(splats[i, X] + left - SLACK, size), first), tile_of(splats[i, X] + right + SLACK, size)


@parallel
def count_pairs(splats: F32, boxes: I16, order: I32, columns: int, counts: I32, met: I32) -> None:
    """counts [PARTS, tiles]: pairs by part of the depth order; met [N]: tiles that each splat meets."""
    n = len(order)
    for part in prange(PARTS):
        for j in range(n * part // PARTS, n * (part + 1) // PARTS):
            i = order[j]
            tiles = 0
            for row in range(boxes[i, 0], boxes[i, 1] + 1):
                left, right = columns_met(splats, boxes, i, row)
                for tile in range(row * columns + left, row * columns + right + 1):
                    counts[part, tile] += 1
                    tiles += 1
            met[i] = tiles


@parallel
def fill_pairs(splats: F32, boxes: I16, order: I32, columns: int, places: I64, slots: I64, pairs: I32) -> None:
    """pairs [P, 2]: splat and slot, by tile and near to far. Uses up places [PARTS, tiles]."""
    n = len(order)
    for part in prange(PARTS):
        for j in range(n * part // PARTS, n * (part + 1) // PARTS):
            i = order[j]
            slot = slots[i]
            for row in range(boxes[i, 0], boxes[i, 1] + 1):
                left, right = columns_met(splats, boxes, i, row)
                for tile in range(row * columns + left, row * columns + right + 1):
                    place = places[part, tile]
                    places[part, tile] = place + 1
                    pairs[place, 0], pairs[place, 1] = i, slot
                    slot += 1
