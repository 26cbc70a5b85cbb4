"""The SSIM of two images and its slope, tile by tile, so that a tile stays in the cache from pixels to result.

A row of an image is one line of 3 W numbers: across it the window steps by three, and every inner loop runs over
contiguous float32. With r the reference, x the image and d = x - r, four means under the window carry all of SSIM:

    r, d, d d, r x  ->  mean(r), mean(d), var(d), cov(r, x)

    luminance             A1 / B1    A1 = 2 mean(r) mean(x) + C1    B1 = A1 + mean(d)^2
    contrast, structure   A2 / B2    A2 = 2 cov(r, x) + C2          B2 = A2 + var(d)

This is equation 13 of Wang et al., "Image quality assessment: from error visibility to structural similarity" (2004),
with its denominators written over d: equal images give exactly 1, and similar ones lose no digits.

Where a tile and its surroundings are equal in both, as in front of an empty background, SSIM is 1 and nothing it could
pull at differs, so it is passed over.

Tiles follow from the size of the image alone, so the number of threads changes no bit of a result.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ralhe.kernels import inline, parallel, prange, serial

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
Terms = tuple[np.float32, np.float32, np.float32, np.float32]

CHANNELS = 3
RADIUS = 5  # pixels: the window is 11 x 11
SIGMA = 1.5  # pixels

C1 = np.float32(0.01**2)
C2 = np.float32(0.03**2)
ONE = np.float32(1)

_rim_to_centre = np.exp(-(np.arange(-RADIUS, 1) ** 2) / (2 * SIGMA**2))
_rim_to_centre /= 2 * _rim_to_centre[:-1].sum() + _rim_to_centre[-1]
W0, W1, W2, W3, W4, W5 = _rim_to_centre.astype(np.float32)  # one axis of the window

TILE_ROWS = 32
TILE_COLUMNS = 256 * CHANNELS  # four planes of a tile take half a megabyte
REACH = RADIUS * CHANNELS  # columns of a tile beyond its results, on either side


@serial
def tile_count(height: int, width: int, margin: int) -> int:
    """Tiles over an image of `height` rows of `width` numbers, less `margin` pixels on each side."""
    down = (height - 2 * margin + TILE_ROWS - 1) // TILE_ROWS
    return down * ((width - 2 * CHANNELS * margin + TILE_COLUMNS - 1) // TILE_COLUMNS)


@inline
def tile(t: int, height: int, width: int, margin: int) -> tuple[int, int, int, int]:
    """Tile `t` of `tile_count`: its first row, its first column, its rows and its columns."""
    across = (width - 2 * CHANNELS * margin + TILE_COLUMNS - 1) // TILE_COLUMNS
    top, left = margin + t // across * TILE_ROWS, CHANNELS * margin + t % across * TILE_COLUMNS
    return top, left, min(TILE_ROWS, height - margin - top), min(TILE_COLUMNS, width - CHANNELS * margin - left)


@serial
def load(source: F32, top: int, left: int, plane: F32) -> None:
    """Fills plane [h + 2 RADIUS, n + 2 REACH] around the tile at (top, left) of source [H, N], zero outside it."""
    height, width = source.shape
    top, left = top - RADIUS, left - REACH
    first, last = max(0, -left), min(plane.shape[1], width - left)
    plane[:] = 0
    for y in range(max(0, -top), min(len(plane), height - top)):
        plane[y, first:last] = source[top + y, left + first : left + last]


@serial
def blur_line(source: F32, step: int, out: F32) -> None:
    """out [n]: the eleven numbers of source [n + 10 step] that lie `step` apart from each n on, under the window."""
    a, b, c, d = source, source[step:], source[2 * step :], source[3 * step :]
    e, f, g, h = source[4 * step :], source[5 * step :], source[6 * step :], source[7 * step :]
    i, j, k = source[8 * step :], source[9 * step :], source[10 * step :]
    for n in range(len(out)):
        rim = W0 * (a[n] + k[n]) + W1 * (b[n] + j[n]) + W2 * (c[n] + i[n])
        out[n] = rim + W3 * (d[n] + h[n]) + W4 * (e[n] + g[n]) + W5 * f[n]


@serial
def blur(planes: F32, y: int, line: F32, out: F32) -> None:
    """out [P, n]: row y of the tile in planes [P, h + 2 RADIUS, n + 2 REACH]; line [n + 2 REACH] is scratch."""
    width = planes.shape[2]
    for p in range(len(planes)):
        blur_line(planes[p].reshape(-1)[y * width :], width, line)
        blur_line(line, CHANNELS, out[p])


@serial
def differs(one: F32, other: F32) -> bool:
    """Whether any number of two planes does."""
    a, b, total = one.reshape(-1), other.reshape(-1), np.float32(0)
    for n in range(len(a)):
        total += abs(a[n] - b[n])
    return bool(total != 0)


@serial
def multiply(planes: F32) -> None:
    """planes [4, h, w]: r, x and two of any content become r, d, d d, r x."""
    r, x, squares, products = planes[0].reshape(-1), planes[1].reshape(-1), planes[2].reshape(-1), planes[3].reshape(-1)
    for n in range(len(r)):
        d = x[n] - r[n]
        products[n] = r[n] * x[n]
        squares[n] = d * d
        x[n] = d


@inline
def terms(r: np.float32, d: np.float32, square: np.float32, product: np.float32) -> Terms:
    """A1, B1 - A1, A2 and B2 - A2 of the four means."""
    rx = r * (r + d)
    cov = product - rx
    return rx + rx + C1, d * d, cov + cov + C2, square - d * d


@serial
def add_losses(means: F32, losses: F32) -> None:
    """Adds to losses [2, n]: 1 - SSIM, and 1 - contrast and structure, of means [4, n]."""
    r, d, squares, products = means
    whole, structural = losses
    for n in range(len(r)):
        a1, gap1, a2, gap2 = terms(r[n], d[n], squares[n], products[n])
        luminance, structure = gap1 / (a1 + gap1), gap2 / (a2 + gap2)
        whole[n] += luminance + structure - luminance * structure
        structural[n] += structure


@serial
def differentiate(means: F32, slopes: F32, y: int, left: int) -> None:
    """Fills n columns of row y of slopes [3, H, N]: those of SSIM by mean(d), mean(d d) / 2 and mean(r x)."""
    r, d, squares, products = means
    end = left + len(r)
    by_mean, by_square, by_product = slopes[0, y, left:end], slopes[1, y, left:end], slopes[2, y, left:end]
    for n in range(len(r)):
        a1, gap1, a2, gap2 = terms(r[n], d[n], squares[n], products[n])
        inverse1, inverse2 = ONE / (a1 + gap1), ONE / (a2 + gap2)
        luminance, structure = a1 * inverse1, a2 * inverse2
        by_a2 = luminance * gap2 * inverse2 * inverse2
        by_gap2 = -luminance * structure * inverse2
        half = structure * inverse1 * inverse1 * (r[n] * gap1 - d[n] * a1) - by_a2 * r[n] - by_gap2 * d[n]
        by_mean[n] = half + half
        by_square[n] = by_gap2 + by_gap2
        by_product[n] = by_a2 + by_a2


@parallel
def compare(reference: F32, image: F32, margin: int, losses: F64, slopes: F32) -> None:
    """Fills losses [tile_count, 2, 3]: sums of 1 - SSIM and of 1 - contrast and structure, by tile and channel.

    reference and image [H, 3 W] are zero outside; windows centred within `margin` pixels of the border are left out.
    slopes is [3, H, 3 W], filled as by `differentiate`, or [3, 0, 0] where nobody asks for them.
    """
    height, width = reference.shape
    for t in prange(len(losses)):
        top, left, rows, columns = tile(t, height, width, margin)
        planes = np.empty((4, rows + 2 * RADIUS, columns + 2 * REACH), np.float32)
        load(reference, top, left, planes[0])
        load(image, top, left, planes[1])
        if not differs(planes[0], planes[1]):
            if slopes.shape[1] > 0:
                slopes[:, top : top + rows, left : left + columns] = 0
            continue
        multiply(planes)
        line, means = np.empty(columns + 2 * REACH, np.float32), np.empty((4, columns), np.float32)
        sums = np.zeros((2, columns), np.float32)
        for y in range(rows):
            blur(planes, y, line, means)
            add_losses(means, sums)
            if slopes.shape[1] > 0:
                differentiate(means, slopes, top + y, left)
        for n in range(columns):
            losses[t, 0, n % CHANNELS] += sums[0, n]
            losses[t, 1, n % CHANNELS] += sums[1, n]


@parallel
def gather(reference: F32, image: F32, slopes: F32, scale: float, gradient: F32) -> None:
    """Fills gradient [H, 3 W]: `scale` times that of the sum of SSIM over pixels and channels, by the image.

    Every mean is a sum of pixels under the window, so its slope returns to them through the same window.
    """
    height, width = reference.shape
    factor = np.float32(scale)
    for t in prange(tile_count(height, width, 0)):
        top, left, rows, columns = tile(t, height, width, 0)
        planes = np.empty((3, rows + 2 * RADIUS, columns + 2 * REACH), np.float32)
        for p in range(3):
            load(slopes[p], top, left, planes[p])
        if not differs(planes, np.zeros_like(planes)):
            gradient[top : top + rows, left : left + columns] = 0
            continue
        line, means = np.empty(columns + 2 * REACH, np.float32), np.empty((3, columns), np.float32)
        by_mean, by_square, by_product = means
        for y in range(rows):
            blur(planes, y, line, means)
            r, x = reference[top + y, left : left + columns], image[top + y, left : left + columns]
            out = gradient[top + y, left : left + columns]
            for n in range(columns):
                out[n] = factor * (by_mean[n] + by_square[n] * (x[n] - r[n]) + by_product[n] * r[n])
