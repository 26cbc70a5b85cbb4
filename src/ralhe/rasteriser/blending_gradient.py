"""The gradient of blending: from a gradient of the picture to sums for every pair of tile and splat.

With S = g . (final colour, opacity), P_i the part of S blended up to splat i, and q_i = g . (c_i, 1),
dL/dalpha_i = T_i q_i - (S - P_i) / (1 - alpha_i), so one walk from near to far is enough. Each pair writes sums of its
own, which are added up by splat in a fixed order later: the result does not depend on the number of threads.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ralhe.kernels import exact_inline, exact_parallel, fma, inline, prange
from ralhe.rasteriser.blending import AHEAD, ALPHA_MAX, ALPHA_MIN, DONE, ONE, ZERO, f32, falloff, look_ahead
from ralhe.rasteriser.projection import ACROSS, ALONG, BLUE, F32, GREEN, OPACITY, RED, SHEAR, TILE, X, Y
from ralhe.rasteriser.tiles import I32, I64

# Fields of the sums of a pair, with h = alpha dL/dalpha where alpha is not cut at its limit, dx and dy as in a splat:
# sums over pixels of weight times the gradient of red, green and blue, of h, h dx, h dy, h dx^2, h dx dy and h dy^2.
D_RED, D_GREEN, D_BLUE, H, H_X, H_Y, H_XX, H_XY, H_YY = range(9)
SUMS = 9

# Planes of a tile's rows: T, P, S, gradients of red, green, blue and opacity.
PLANES = 7
# Sums by column of the tile, before the sum over columns: weight times gradients, h, h dy, h dy^2.
COLUMN_SUMS = 6


@exact_parallel
def blend_gradient(splats: F32, starts: I64, ends: I64, pairs: I32, turn: I64, columns: int, colour: F32, cover: F32,
                   by_colour: F32, by_cover: F32, sums: F32) -> None:  # fmt: skip
    """Fills sums [P, SUMS], by slot, from colour [H, W, 3] and opacity cover [H, W] and the gradients by both."""
    for step in prange(len(turn)):
        tile = turn[step]
        left, top = tile % columns * TILE, tile // columns * TILE
        planes = np.zeros((TILE, PLANES * TILE), f32)
        load(planes, left, top, colour, cover, by_colour, by_cover)
        column, rows = np.empty(COLUMN_SUMS * TILE, f32), np.empty((AHEAD, 2), np.int32)
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
                    full = opacity * falloff(start + f32(x), fall, across)
                    alpha = min(ALPHA_MAX, full)
                    before = line[x]
                    rest = ONE - alpha
                    after = before * rest
                    meets = (alpha >= ALPHA_MIN) & (before > ZERO)
                    stops = after < DONE
                    counts = meets & (not stops)
                    weight = alpha * before if counts else ZERO
                    line[x] = (-before if stops else after) if meets else before
                    g_red, g_green, g_blue = line[3 * TILE + x], line[4 * TILE + x], line[5 * TILE + x]
                    q = fma(g_red, red, fma(g_green, green, fma(g_blue, blue, line[6 * TILE + x])))
                    prefix = fma(weight, q, line[TILE + x])
                    line[TILE + x] = prefix
                    slope = before * q - (line[2 * TILE + x] - prefix) / rest
                    h = alpha * slope if counts & (full <= ALPHA_MAX) else ZERO
                    column[x] = fma(weight, g_red, column[x])
                    column[TILE + x] = fma(weight, g_green, column[TILE + x])
                    column[2 * TILE + x] = fma(weight, g_blue, column[2 * TILE + x])
                    column[3 * TILE + x] += h
                    column[4 * TILE + x] = fma(h, dy, column[4 * TILE + x])
                    column[5 * TILE + x] = fma(h, dy * dy, column[5 * TILE + x])
            add_columns(column, x0, sums[pairs[k, 1]])
        for k in range(ends[tile], starts[tile + 1]):
            sums[pairs[k, 1], :] = ZERO


@exact_inline
def load(planes: F32, left: int, top: int, colour: F32, cover: F32, by_colour: F32, by_cover: F32) -> None:
    """Fills the planes of a tile at the start of the walk."""
    height, width = cover.shape
    for row in range(TILE):
        for x in range(TILE):
            inside = left + x < width and top + row < height
            planes[row, x] = ONE if inside else -ONE
            if inside:
                total = ZERO
                for c in range(3):
                    g = by_colour[top + row, left + x, c]
                    planes[row, (3 + c) * TILE + x] = g
                    total += g * colour[top + row, left + x, c]
                g = by_cover[top + row, left + x]
                planes[row, 6 * TILE + x] = g
                planes[row, 2 * TILE + x] = total + g * cover[top + row, left + x]


@inline
def add_columns(column: npt.NDArray[np.float32], x0: np.float32, out: npt.NDArray[np.float32]) -> None:
    """The sums of a pair from its sums by column."""
    red, green, blue, h, hx, hy, hxx, hxy, hyy = ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO
    for x in range(TILE):
        dx = x0 + f32(x)
        red += column[x]
        green += column[TILE + x]
        blue += column[2 * TILE + x]
        h += column[3 * TILE + x]
        hx += dx * column[3 * TILE + x]
        hxx += dx * dx * column[3 * TILE + x]
        hy += column[4 * TILE + x]
        hxy += dx * column[4 * TILE + x]
        hyy += column[5 * TILE + x]
    out[D_RED], out[D_GREEN], out[D_BLUE] = red, green, blue
    out[H], out[H_X], out[H_Y], out[H_XX], out[H_XY], out[H_YY] = h, hx, hy, hxx, hxy, hyy
