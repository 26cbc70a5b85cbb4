"""Blends the splats of each tile from near to far.

C = sum_i alpha_i T_i c_i + T background, alpha = min(0.99, opacity exp(exponent)), T_i the product of 1 - alpha over
nearer splats. As in the original rasteriser a splat counts where alpha >= 1/255, and a pixel is done before the splat
that would take T below 1e-4. Rows of 16 pixels go through loops without branches, which become vector code; the sign
of T says whether a pixel is done.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ralhe.gaussians import MIN_OPACITY
from ralhe.kernels import exact_inline, exact_parallel, fma, prange
from ralhe.rasteriser.projection import (
    ACROSS,
    ALONG,
    BLUE,
    F32,
    GREEN,
    OPACITY,
    REACH,
    RED,
    SHEAR,
    TILE,
    X,
    Y,
)
from ralhe.rasteriser.tiles import I32, I64

f32, i32 = np.float32, np.int32
ZERO, ONE = f32(0), f32(1)
ALPHA_MIN, ALPHA_MAX, DONE = f32(MIN_OPACITY), f32(0.99), f32(1e-4)
LOWEST = f32(-6)  # exponents below are cut by ALPHA_MIN whatever the opacity
AHEAD = 32  # splats whose rows are found before they are blended, if any pixel of the tile lets light through

# exp(8 q) = p(q)**8; p is the minimax polynomial of exp on [-0.75, 0], relative error of the power 2e-6.
E0, E1, E2, E3, E4, E5 = (f32(c) for c in (0.9999999, 0.99998957, 0.499847, 0.16582604, 0.03952206, 0.0056987116))
EIGHTH = f32(1 / 8)


@exact_inline
def exponential(x: np.float32) -> np.float32:
    """exp of x in [-6, 0]."""
    q = x * EIGHTH
    p = fma(fma(fma(fma(fma(E5, q, E4), q, E3), q, E2), q, E1), q, E0)
    p = p * p
    p = p * p
    return p * p


@exact_inline
def falloff(offset: np.float32, fall: np.float32, across: np.float32) -> np.float32:
    """The Gaussian at a pixel whose exponent is -across * offset**2 - fall."""
    return exponential(max(LOWEST, -fma(across * offset, offset, fall)))


@exact_inline
def rows_met(splats: F32, i: int, left: int, top: int) -> tuple[np.int32, np.int32]:
    """First and last row of the tile at pixel (left, top) that the splat's ellipse meets; last < first for none."""
    x0, y0 = f32(left) + f32(0.5) - splats[i, X], f32(top) + f32(0.5) - splats[i, Y]
    shear, across, along, reach = splats[i, SHEAR], splats[i, ACROSS], splats[i, ALONG], splats[i, REACH]
    first, last = i32(TILE), i32(-1)
    for row in range(TILE):
        dy = y0 + f32(row)
        start = fma(shear, dy, x0)
        nearest = max(max(start, ZERO), -start - f32(TILE - 1))
        meets = fma(across * nearest, nearest, along * dy * dy) <= reach
        first = min(first, i32(row) if meets else i32(TILE))
        last = max(last, i32(row) if meets else i32(-1))
    return first, last


@exact_inline
def look_ahead(splats: F32, pairs: I32, begin: int, end: int, left: int, top: int, rows: I32) -> None:
    """Fills rows [AHEAD, 2] for the pairs of a tile from begin on, up to the end.

    Splats lie scattered in memory. Nothing here branches by what they hold, so the processor fetches many at a time.
    """
    for k in range(begin, min(begin + AHEAD, end)):
        rows[k - begin, 0], rows[k - begin, 1] = rows_met(splats, pairs[k, 0], left, top)


@exact_parallel
def blend(splats: F32, starts: I64, pairs: I32, turn: I64, columns: int, background: F32, colour: F32,
          cover: F32, ends: I64) -> None:  # fmt: skip
    """Fills colour [H, W, 3] and opacity cover [H, W], and ends [T] with the pairs of each tile that were needed.

    turn [T]: the order in which tiles are taken, for an even load.
    """
    height, width = cover.shape
    for step in prange(len(turn)):
        tile = turn[step]
        left, top = tile % columns * TILE, tile // columns * TILE
        planes = np.zeros((TILE, 4 * TILE), f32)  # per row: T, red, green, blue
        for row in range(TILE):
            for x in range(TILE):
                planes[row, x] = ONE if left + x < width and top + row < height else -ONE
        rows, end = np.empty((AHEAD, 2), np.int32), starts[tile + 1]
        for k in range(starts[tile], starts[tile + 1]):
            place = (k - starts[tile]) % AHEAD
            if place == 0:
                if all_done(planes):
                    end = k
                    break
                look_ahead(splats, pairs, k, end, left, top, rows)
            i = pairs[k, 0]
            x0, y0 = f32(left) + f32(0.5) - splats[i, X], f32(top) + f32(0.5) - splats[i, Y]
            shear, across, along, opacity = splats[i, SHEAR], splats[i, ACROSS], splats[i, ALONG], splats[i, OPACITY]
            red, green, blue = splats[i, RED], splats[i, GREEN], splats[i, BLUE]
            for row in range(rows[place, 0], rows[place, 1] + 1):
                dy = y0 + f32(row)
                start, fall = fma(shear, dy, x0), along * dy * dy
                line = planes[row]
                for x in range(TILE):
                    alpha = min(ALPHA_MAX, opacity * falloff(start + f32(x), fall, across))
                    before = line[x]
                    after = before * (ONE - alpha)
                    meets = (alpha >= ALPHA_MIN) & (before > ZERO)
                    stops = after < DONE
                    weight = alpha * before if meets & (not stops) else ZERO
                    line[x] = (-before if stops else after) if meets else before
                    line[TILE + x] = fma(weight, red, line[TILE + x])
                    line[2 * TILE + x] = fma(weight, green, line[2 * TILE + x])
                    line[3 * TILE + x] = fma(weight, blue, line[3 * TILE + x])
        ends[tile] = end
        for row in range(min(TILE, height - top)):
            for x in range(min(TILE, width - left)):
                rest = abs(planes[row, x])
                for c in range(3):
                    colour[top + row, left + x, c] = planes[row, (c + 1) * TILE + x] + rest * background[c]
                cover[top + row, left + x] = ONE - rest


@exact_inline
def all_done(planes: npt.NDArray[np.float32]) -> bool:
    """Whether no pixel of the tile lets light through."""
    most = -ONE
    for row in range(TILE):
        for x in range(TILE):
            most = max(most, planes[row, x])
    return bool(most <= ZERO)
