"""The gradient of projection: from sums by pair of tile and splat to the gradients of Gaussians."""

from __future__ import annotations

import math

import numpy as np

from ralhe.kernels import inline, parallel, prange
from ralhe.rasteriser.blending_gradient import D_BLUE, D_GREEN, D_RED, H_X, H_XX, H_XY, H_Y, H_YY, SUMS, H
from ralhe.rasteriser.harmonics import Scratch, basis, basis_slope
from ralhe.rasteriser.lens import Lens, Numbers, affine, lens_in, slant
from ralhe.rasteriser.projection import COMPENSATION_MIN, F32, PARTS, RED
from ralhe.rasteriser.tiles import I64
from ralhe.rasteriser.vectors import Symmetric, Vector, combine, dot, symmetric, times, vector


@parallel
def project_gradient(means: F32, covariances: F32, opacities: F32, sh: F32, count: int, camera: Numbers,
                     antialiased: bool, splats: F32, slots: I64, sums: F32, d_means: F32, d_covariances: F32,
                     d_opacities: F32, d_sh: F32) -> None:  # fmt: skip
    """Fills the gradients of means [N, 3], covariances [N, 6], opacities [N] and sh [N, K, 3]."""
    n = len(means)
    for part in prange(PARTS):
        lens = lens_in(camera)
        total, weights, slopes = np.empty(SUMS), np.empty(16), np.empty((16, 3))
        for i in range(n * part // PARTS, n * (part + 1) // PARTS):
            if slots[i] == slots[i + 1]:
                d_means[i, :], d_covariances[i, :], d_opacities[i], d_sh[i, :, :] = 0.0, 0.0, 0.0, 0.0
                continue
            total[:] = 0.0
            for slot in range(slots[i], slots[i + 1]):
                for field in range(SUMS):
                    total[field] += sums[slot, field]
            mean, covariance = vector(means, i), symmetric(covariances, i)
            place, shape, opacity = shape_gradient(lens, mean, covariance, float(opacities[i]), antialiased, total)
            for c in range(3):
                if splats[i, RED + c] <= 0:
                    total[D_RED + c] = 0.0  # the colour was cut at black
            turn = colour_gradient(lens, mean, sh[i], count, total, weights, slopes, d_sh[i])
            for c in range(3):
                d_means[i, c] = place[c] + turn[c]
            for c in range(6):
                d_covariances[i, c] = shape[c]
            d_opacities[i] = opacity
            d_sh[i, count:, :] = 0.0


@inline
def shape_gradient(
    lens: Lens, mean: Vector, covariance: Symmetric, opacity: float, antialiased: bool, total: Scratch
) -> tuple[Vector, Symmetric, float]:
    """Gradients of the mean (but for the colour's part), the covariance and the opacity of one Gaussian."""
    x, y = dot(lens.right, mean) + lens.offset[0], dot(lens.down, mean) + lens.offset[1]
    z = dot(lens.forward, mean) + lens.offset[2]
    a, b = slant(lens, x, y, z)
    to_u, to_v = affine(lens, a, b, z)
    along_u, along_v = times(covariance, to_u), times(covariance, to_v)
    xx, xy, yy = dot(to_u, along_u), dot(to_u, along_v), dot(to_v, along_v)
    bare = xx * yy - xy * xy
    wide, high = xx + lens.eps2d, yy + lens.eps2d
    det = wide * high - xy * xy
    ca, cb, cc = high / det, -xy / det, wide / det  # the inverse of the 2D covariance
    d_u = ca * total[H_X] + cb * total[H_Y]
    d_v = cb * total[H_X] + cc * total[H_Y]
    # With w = Sigma^-1 (dx, dy) the exponent grows by w' dSigma w / 2.
    d_xx = 0.5 * (ca * ca * total[H_XX] + 2 * ca * cb * total[H_XY] + cb * cb * total[H_YY])
    d_yy = 0.5 * (cb * cb * total[H_XX] + 2 * cb * cc * total[H_XY] + cc * cc * total[H_YY])
    d_xy = ca * cb * total[H_XX] + (ca * cc + cb * cb) * total[H_XY] + cb * cc * total[H_YY]
    d_opacity = total[H] / opacity
    if antialiased and bare / det > COMPENSATION_MIN:
        d_ratio = 0.5 * total[H] * det / bare  # of the squared factor: opacity drops out
        d_bare, d_det = d_ratio / det, -d_ratio * bare / (det * det)
        d_xx += d_bare * yy + d_det * high
        d_yy += d_bare * xx + d_det * wide
        d_xy -= 2 * xy * (d_bare + d_det)
    shape = (
        outer(d_xx, d_xy, d_yy, to_u, to_v, 0, 0),
        outer(d_xx, d_xy, d_yy, to_u, to_v, 0, 1) + outer(d_xx, d_xy, d_yy, to_u, to_v, 1, 0),
        outer(d_xx, d_xy, d_yy, to_u, to_v, 0, 2) + outer(d_xx, d_xy, d_yy, to_u, to_v, 2, 0),
        outer(d_xx, d_xy, d_yy, to_u, to_v, 1, 1),
        outer(d_xx, d_xy, d_yy, to_u, to_v, 1, 2) + outer(d_xx, d_xy, d_yy, to_u, to_v, 2, 1),
        outer(d_xx, d_xy, d_yy, to_u, to_v, 2, 2),
    )
    d_to_u, d_to_v = combine(2 * d_xx, along_u, d_xy, along_v), combine(2 * d_yy, along_v, d_xy, along_u)
    place = camera_gradient(lens, x, y, z, a, b, d_u, d_v, d_to_u, d_to_v)
    return place, shape, d_opacity


@inline
def outer(d_xx: float, d_xy: float, d_yy: float, u: Vector, v: Vector, row: int, column: int) -> float:
    """An entry of d_xx u u' + d_xy u v' + d_yy v v'; the two of an off-diagonal pair are added by the caller."""
    return d_xx * u[row] * u[column] + d_xy * u[row] * v[column] + d_yy * v[row] * v[column]


@inline
def camera_gradient(lens: Lens, x: float, y: float, z: float, a: float, b: float, d_u: float, d_v: float,
                    d_to_u: Vector, d_to_v: Vector) -> Vector:  # fmt: skip
    """Gradient of a place in the world, through its pixel and through the affine map there."""
    scale_u, scale_v = lens.fx / z, lens.fy / z
    d_a, d_b = -scale_u * dot(d_to_u, lens.forward), -scale_v * dot(d_to_v, lens.forward)
    dx, dy = d_u * scale_u, d_v * scale_v
    dz = -(d_u * scale_u * x + d_v * scale_v * y) / z
    # to_u = fx / z (right - a forward), so its slope along z is -to_u / z.
    dz -= scale_u * (dot(d_to_u, lens.right) - a * dot(d_to_u, lens.forward)) / z
    dz -= scale_v * (dot(d_to_v, lens.down) - b * dot(d_to_v, lens.forward)) / z
    if a == x / z:
        dx += d_a / z
        dz -= d_a * a / z
    if b == y / z:
        dy += d_b / z
        dz -= d_b * b / z
    across = combine(dx, lens.right, dy, lens.down)
    return combine(1.0, across, dz, lens.forward)


@inline
def colour_gradient(lens: Lens, mean: Vector, sh: F32, count: int, total: Scratch, weights: Scratch, slopes: Scratch,
                    d_sh: F32) -> Vector:  # fmt: skip
    """Fills d_sh [K, 3] and returns the gradient of the mean through the direction of sight."""
    dx, dy, dz = mean[0] - lens.eye[0], mean[1] - lens.eye[1], mean[2] - lens.eye[2]
    distance = math.sqrt(dx * dx + dy * dy + dz * dz)
    dx, dy, dz = dx / distance, dy / distance, dz / distance
    basis(count, dx, dy, dz, weights)
    red, green, blue = total[D_RED], total[D_GREEN], total[D_BLUE]
    for k in range(count):
        d_sh[k, 0], d_sh[k, 1], d_sh[k, 2] = weights[k] * red, weights[k] * green, weights[k] * blue
    if count == 1:
        return 0.0, 0.0, 0.0
    basis_slope(count, dx, dy, dz, slopes)
    gx, gy, gz = 0.0, 0.0, 0.0
    for k in range(1, count):
        pull = red * sh[k, 0] + green * sh[k, 1] + blue * sh[k, 2]
        gx += pull * slopes[k, 0]
        gy += pull * slopes[k, 1]
        gz += pull * slopes[k, 2]
    outward = gx * dx + gy * dy + gz * dz
    return (gx - outward * dx) / distance, (gy - outward * dy) / distance, (gz - outward * dz) / distance
