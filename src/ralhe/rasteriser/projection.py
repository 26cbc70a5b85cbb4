"""Projects Gaussians to splats: 2D Gaussians on the picture, with colour, by the local affine map of EWA splatting.

Zwicker et al., "EWA Splatting" (2002); conventions of the original 3DGS rasteriser (Kerbl et al. 2023): a low-pass of
`eps2d` square pixels on the 2D covariance, and the slope of the projection clamped at 1.3 times the field of view.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ralhe.gaussians import FAR, MIN_OPACITY
from ralhe.kernels import inline, parallel, prange
from ralhe.rasteriser.harmonics import basis
from ralhe.rasteriser.lens import Numbers, affine, lens_in, slant
from ralhe.rasteriser.vectors import clamp, dot, symmetric, times, vector

F32 = npt.NDArray[np.float32]
I16 = npt.NDArray[np.int16]

# Fields of a splat, a row of SPLAT float32. With dx, dy the offset of a pixel from the centre, the exponent is
# -ACROSS * (dx + SHEAR * dy)**2 - ALONG * dy**2, which equals -(dx, dy) Sigma^-1 (dx, dy) / 2.
X, Y, SHEAR, ACROSS, ALONG, OPACITY, RED, GREEN, BLUE, REACH, TIP, HALF_HEIGHT = range(12)
SPLAT = 12

# Fields of a box, the tiles within which the splat lies: first and last row, first and last column.
TILE = 16  # pixels

COMPENSATION_MIN = 0.000025  # floor of the squared opacity factor of antialiased models
PARTS = 64  # pieces of a loop: more than threads, so that they share the load


@inline
def tile_of(pixel: float, size: float) -> int:
    """The tile whose pixel centres begin at or before `pixel`, within a picture of `size` pixels."""
    return int(clamp(pixel - 0.5, 0.0, size - 1)) // TILE


@parallel
def project(means: F32, covariances: F32, opacities: F32, sh: F32, count: int, camera: Numbers,
            antialiased: bool, splats: F32, boxes: I16, depths: F32) -> None:  # fmt: skip
    """Fills splats [N, SPLAT], boxes [N, 4] and depths [N] (0 where nothing can be seen) from Gaussians.

    means [N, 3], covariances [N, 6] (xx xy xz yy yz zz), opacities [N] in [0, 1], sh [N, K, 3] of which `count` rows
    are used.
    """
    n = len(means)
    for part in prange(PARTS):
        lens, weights = lens_in(camera), np.empty(16)
        for i in range(n * part // PARTS, n * (part + 1) // PARTS):
            depths[i] = 0.0
            mean = vector(means, i)
            z = dot(lens.forward, mean) + lens.offset[2]
            opacity = float(opacities[i])
            if not (lens.near < z < FAR and opacity > MIN_OPACITY):
                continue
            x, y = dot(lens.right, mean) + lens.offset[0], dot(lens.down, mean) + lens.offset[1]
            u, v = lens.fx * x / z + lens.cx, lens.fy * y / z + lens.cy
            a, b = slant(lens, x, y, z)
            to_u, to_v = affine(lens, a, b, z)
            covariance = symmetric(covariances, i)
            spread = times(covariance, to_v)
            xx, xy, yy = dot(to_u, times(covariance, to_u)), dot(to_u, spread), dot(to_v, spread)
            bare = xx * yy - xy * xy
            xx += lens.eps2d
            yy += lens.eps2d
            det = xx * yy - xy * xy
            if not 0 < det < FAR:
                continue
            if antialiased:
                opacity *= math.sqrt(max(bare / det, COMPENSATION_MIN))
            if not opacity > MIN_OPACITY:
                continue
            reach = math.log(255 * opacity)
            half_width, half_height = math.sqrt(2 * reach * xx), math.sqrt(2 * reach * yy)
            if not (abs(u - 0.5 * lens.width) < half_width + 0.5 * (lens.width - 1)
                    and abs(v - 0.5 * lens.height) < half_height + 0.5 * (lens.height - 1)):  # fmt: skip
                continue
            depths[i] = z
            splats[i, X], splats[i, Y] = u, v
            splats[i, SHEAR] = -xy / yy
            splats[i, ACROSS], splats[i, ALONG] = 0.5 * yy / det, 0.5 / yy
            splats[i, OPACITY] = opacity
            splats[i, REACH] = reach * 1.00001 + 1e-5  # rounding never loses a pixel that the alpha test keeps
            splats[i, TIP] = half_width * xy / xx
            splats[i, HALF_HEIGHT] = half_height
            boxes[i, 0], boxes[i, 1] = tile_of(v - half_height, lens.height), tile_of(v + half_height, lens.height)
            boxes[i, 2], boxes[i, 3] = tile_of(u - half_width, lens.width), tile_of(u + half_width, lens.width)
            dx, dy, dz = mean[0] - lens.eye[0], mean[1] - lens.eye[1], mean[2] - lens.eye[2]
            distance = math.sqrt(dx * dx + dy * dy + dz * dz)
            basis(count, dx / distance, dy / distance, dz / distance, weights)
            red, green, blue = 0.5, 0.5, 0.5
            for k in range(count):
                red += weights[k] * sh[i, k, 0]
                green += weights[k] * sh[i, k, 1]
                blue += weights[k] * sh[i, k, 2]
            splats[i, RED], splats[i, GREEN], splats[i, BLUE] = max(red, 0.0), max(green, 0.0), max(blue, 0.0)
