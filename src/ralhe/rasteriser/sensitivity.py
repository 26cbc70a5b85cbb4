"""How much a picture changes with each Gaussian: what to keep, and how finely to code it.

    visibility  = sum over pixels of weight^2, weight = alpha T           (a unit change of its colour, squared)
    sensitivity = sum over pixels and channels of (alpha dC/dalpha)^2     (its opacity changed by a unit of itself)

These are diagonals of the Gauss-Newton approximation to the squared error of the picture.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from torch import Tensor

from ralhe.cameras.camera import Camera
from ralhe.kernels import exact_parallel, fma, inline, parallel, prange
from ralhe.rasteriser.blending import AHEAD, ALPHA_MAX, ALPHA_MIN, DONE, ONE, ZERO, f32, falloff, look_ahead
from ralhe.rasteriser.cpu import Painted, paint, turns
from ralhe.rasteriser.lens import EPS2D
from ralhe.rasteriser.projection import ACROSS, ALONG, BLUE, F32, GREEN, OPACITY, PARTS, RED, SHEAR, TILE, X, Y
from ralhe.rasteriser.splats import Splats
from ralhe.rasteriser.tiles import I32, I64, WHOLE, Part

F64 = npt.NDArray[np.float64]

VISIBILITY, SENSITIVITY = 0, 1
PLANES = 4  # T, and what is still to come of red, green and blue


class Influence(NamedTuple):
    """By Gaussian, of a picture or of the mean of several."""

    visibility: F64  # [N]
    sensitivity: F64  # [N]


def look(splats: Splats, camera: Camera, background: Tensor, part: Part = WHOLE,
         eps2d: float = EPS2D) -> tuple[Tensor, Influence]:  # fmt: skip
    """A picture [H, W, 3] without its gradient, and what each of N Gaussians does to it, guessed from a part of it;
    splats on the CPU. eps2d: variance of the low-pass, square pixels."""
    painted = paint(splats, camera, background, splats.sh.shape[1], eps2d)
    return painted.colour, _influence(painted, part)


def influence(splats: Splats, camera: Camera, background: Tensor, part: Part, eps2d: float = EPS2D) -> Influence:
    """What each of N Gaussians does to a picture, guessed from a part of it; splats on the CPU. eps2d: see `look`."""
    return _influence(paint(splats, camera, background, splats.sh.shape[1], eps2d, part), part)


def _influence(painted: Painted, part: Part) -> Influence:
    tiles, total = painted.tiles, np.zeros((2, len(painted.splats)))
    sums = np.zeros((len(tiles.pairs), 2), np.float32)
    turn = turns(tiles, part)
    blend_influence(
        painted.splats, tiles.starts, painted.ends, tiles.pairs, turn, tiles.columns, painted.colour.numpy(), sums
    )
    add_by_splat(tiles.slots, sums, total)
    total *= part.every
    return Influence(total[VISIBILITY], total[SENSITIVITY])


@exact_parallel
def blend_influence(splats: F32, starts: I64, ends: I64, pairs: I32, turn: I64, columns: int, colour: F32,
                    sums: F32) -> None:  # fmt: skip
    """Fills sums [P, 2], by slot and zero before, for the finished colour [H, W, 3]."""
    height, width = colour.shape[:2]
    for step in prange(len(turn)):
        tile = turn[step]
        left, top = tile % columns * TILE, tile // columns * TILE
        planes = np.zeros((TILE, PLANES * TILE), f32)
        for row in range(TILE):
            for x in range(TILE):
                inside = left + x < width and top + row < height
                planes[row, x] = ONE if inside else -ONE
                if inside:
                    for c in range(3):
                        planes[row, (1 + c) * TILE + x] = colour[top + row, left + x, c]
        column, rows = np.empty(2 * TILE, f32), np.empty((AHEAD, 2), np.int32)
        for k in range(starts[tile], ends[tile]):
            place = (k - starts[tile]) % AHEAD
            if place == 0:
                look_ahead(splats, pairs, k, ends[tile], left, top, rows)
            i = pairs[k, 0]
            x0, y0 = f32(left) + f32(0.5) - splats[i, X], f32(top) + f32(0.5) - splats[i, Y]
            shear, across, along, opacity = splats[i, SHEAR], splats[i, ACROSS], splats[i, ALONG], splats[i, OPACITY]
            red, green, blue = splats[i, RED], splats[i, GREEN], splats[i, BLUE]
            column[:] = ZERO
            for row in range(rows[place, 0], rows[place, 1] + 1):
                dy = y0 + f32(row)
                start, fall = fma(shear, dy, x0), along * dy * dy
                line = planes[row]
                for x in range(TILE):
                    alpha = min(ALPHA_MAX, opacity * falloff(start + f32(x), fall, across))
                    before = line[x]
                    rest = ONE - alpha
                    after = before * rest
                    meets = (alpha >= ALPHA_MIN) & (before > ZERO)
                    stops = after < DONE
                    weight = alpha * before if meets & (not stops) else ZERO
                    line[x] = (-before if stops else after) if meets else before
                    share = alpha / rest if weight > ZERO else ZERO
                    line[TILE + x] = to_red = fma(-weight, red, line[TILE + x])
                    line[2 * TILE + x] = to_green = fma(-weight, green, line[2 * TILE + x])
                    line[3 * TILE + x] = to_blue = fma(-weight, blue, line[3 * TILE + x])
                    d_red = fma(weight, red, -share * to_red)
                    d_green = fma(weight, green, -share * to_green)
                    d_blue = fma(weight, blue, -share * to_blue)
                    column[x] = fma(weight, weight, column[x])
                    column[TILE + x] += fma(d_red, d_red, fma(d_green, d_green, d_blue * d_blue))
            add_columns(column, sums[pairs[k, 1]])


@inline
def add_columns(column: F32, out: F32) -> None:
    """The two sums of a pair from its sums by column."""
    visibility, sensitivity = ZERO, ZERO
    for x in range(TILE):
        visibility += column[x]
        sensitivity += column[TILE + x]
    out[VISIBILITY], out[SENSITIVITY] = visibility, sensitivity


@parallel
def add_by_splat(slots: I64, sums: F32, total: F64) -> None:
    """Adds the sums [P, K] of a splat's pairs to its column of total [K, N]."""
    kinds, n = total.shape
    for part in prange(PARTS):
        for i in range(n * part // PARTS, n * (part + 1) // PARTS):
            for slot in range(slots[i], slots[i + 1]):
                for kind in range(kinds):
                    total[kind, i] += sums[slot, kind]
