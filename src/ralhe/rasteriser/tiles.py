"""Which splats meet which tile of the picture, near to far."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ralhe.errors import SceneError
from ralhe.kernels import inline, parallel, prange
from ralhe.rasteriser.projection import (
    ACROSS,
    ALONG,
    F32,
    HALF_HEIGHT,
    I16,
    REACH,
    SHEAR,
    SPLAT,
    TILE,
    TIP,
    X,
    Y,
    tile_of,
)

PARTS = 8  # pieces of the depth order, whatever the number of threads
SLACK = 0.01  # pixels, for rounding
MOST_TILES = (1 << 15) - 1  # in a row or column: boxes have 16 bits
AHEAD = 64  # splats that are fetched together

f32 = np.float32
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]


class Part(NamedTuple):
    """Of a picture: one tile in so many, along every row and column, and which."""

    every: int = 1
    first: int = 0


WHOLE = Part()


@dataclass(frozen=True)
class Tiles:
    """The splats of each tile of a part of a picture, tiles row by row; beside the part tiles have none."""

    columns: int  # tiles in a row
    starts: I64  # [T + 1] first pair of each tile
    pairs: I32  # [P, 2] splat and slot, by tile and near to far
    slots: I64  # [N + 1] first slot of each splat: slots number the pairs by splat


def tiles_of(splats: F32, boxes: I16, order: I32, width: int, height: int, part: Part = WHOLE) -> Tiles:
    """Pairs of tile and splat for `order`, the visible splats near to far."""
    columns, rows = -(-width // TILE), -(-height // TILE)
    if max(columns, rows) > MOST_TILES:
        raise SceneError(f"{width} x {height} pixels are too many on a side; draw a smaller picture")
    counts, met = np.zeros((PARTS, columns * rows), np.int32), np.zeros(len(splats), np.int32)
    box_rows = np.empty(PARTS, np.int64)
    count_rows(boxes, order, box_rows)
    begins = np.concatenate([[0], np.cumsum(box_rows)])
    spans = np.empty((begins[-1], 3), np.int32)
    find_spans(splats, boxes, order, columns, *part, begins, spans, counts, met)
    ends = np.cumsum(counts.T.ravel(), dtype=np.int64)
    total = int(ends[-1])
    if total >= 1 << 31:
        raise SceneError(f"the picture needs {total:,} pairs of tile and Gaussian; draw a smaller picture")
    starts = np.concatenate([ends[PARTS - 1 :: PARTS] - counts.sum(0), [total]])
    slots = np.concatenate([[0], np.cumsum(met, dtype=np.int64)])
    places = np.ascontiguousarray((ends - counts.T.ravel()).reshape(-1, PARTS).T)
    pairs = np.empty((total, 2), np.int32)
    fill_pairs(begins, spans, part.every, places, slots, pairs)
    return Tiles(columns, starts, pairs, slots)


@parallel
def count_rows(boxes: I16, order: I32, rows: I64) -> None:
    """rows [PARTS]: rows of tiles that boxes reach over, by part of the depth order."""
    n = len(order)
    for part in prange(PARTS):
        total = 0
        for j in range(n * part // PARTS, n * (part + 1) // PARTS):
            total += boxes[order[j], 1] - boxes[order[j], 0] + 1
        rows[part] = total


@inline
def columns_met(splats: F32, i: int, first: int, last: int, row: int) -> tuple[int, int]:
    """First and last tile of a row that the ellipse meets: its extent over the row's band of pixel centres.

    The outline is convex, so its rightmost point within the band is the tip or lies on the nearer edge.
    """
    half, tip, shear, reach = splats[i, HALF_HEIGHT], splats[i, TIP], splats[i, SHEAR], splats[i, REACH]
    top = f32(TILE * row) + f32(0.5) - splats[i, Y]
    low, high = max(top, -half), min(top + f32(TILE - 1), half)
    at = min(max(tip, low), high)
    right = math.sqrt(max(f32(0), reach - splats[i, ALONG] * at * at) / splats[i, ACROSS]) - shear * at
    at = min(max(-tip, low), high)
    left = -math.sqrt(max(f32(0), reach - splats[i, ALONG] * at * at) / splats[i, ACROSS]) - shear * at
    size = float(TILE * (last + 1))
    return max(tile_of(splats[i, X] + left - SLACK, size), first), tile_of(splats[i, X] + right + SLACK, size)


@parallel
def find_spans(splats: F32, boxes: I16, order: I32, columns: int, every: int, first: int, begins: I64,
               spans: I32, counts: I32, met: I32) -> None:  # fmt: skip
    """What splats meet of each row of tiles.

    begins [PARTS + 1]: first span of each part of the depth order, with room for one in each row of a box.
    spans [S, 3], near to far: splat, first tile, tiles, which are `every` apart; counts [PARTS, tiles]: pairs by part
    of the depth order; met [N]: tiles that each splat meets.
    """
    n = len(order)
    for part in prange(PARTS):
        span, end = begins[part], n * (part + 1) // PARTS
        fetched, within = np.empty((AHEAD, SPLAT), f32), np.empty((AHEAD, 4), np.int32)
        for begin in range(n * part // PARTS, end, AHEAD):
            ready = min(AHEAD, end - begin)
            # splats lie scattered in memory; copied without a branch in between, many are fetched at a time
            for j in range(ready):
                i = order[begin + j]
                for field in range(SPLAT):
                    fetched[j, field] = splats[i, field]
                for side in range(4):
                    within[j, side] = boxes[i, side]
            for j in range(ready):
                i, top, bottom, left, right = order[begin + j], within[j, 0], within[j, 1], within[j, 2], within[j, 3]
                simple, tiles = top == bottom or left == right, 0
                for row in range(top, bottom + 1):
                    start, stop = (left, right) if simple else columns_met(fetched, j, left, right, row)
                    if every > 1:  # tiles of a part lie on diagonals
                        start += (first - row - start) % every
                    begun = row * columns + start
                    count = max((stop - start) // every + 1, 0)  # a row may only touch the outline's box
                    spans[span, 0], spans[span, 1], spans[span, 2] = i, begun, count
                    span, tiles = span + 1, tiles + count
                    for tile in range(begun, begun + every * count, every):
                        counts[part, tile] += 1
                met[i] = tiles


@parallel
def fill_pairs(begins: I64, spans: I32, every: int, places: I64, slots: I64, pairs: I32) -> None:
    """pairs [P, 2]: splat and slot, by tile and near to far. Uses up places [PARTS, tiles]."""
    for part in prange(PARTS):
        splat, slot = -1, 0
        for span in range(begins[part], begins[part + 1]):
            if spans[span, 0] != splat:
                splat = spans[span, 0]
                slot = slots[splat]
            for k in range(spans[span, 2]):
                tile = spans[span, 1] + every * k
                place = places[part, tile]
                places[part, tile] = place + 1
                pairs[place, 0], pairs[place, 1] = splat, slot
                slot += 1
