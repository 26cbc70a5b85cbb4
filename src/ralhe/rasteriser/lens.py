"""A camera as the kernels read it, and the local affine map of its projection."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ralhe.cameras.camera import Camera
from ralhe.kernels import inline
from ralhe.rasteriser.vectors import Vector, clamp, combine

Numbers = npt.NDArray[np.float64]  # [23] a Lens in one row, the form in which it enters a kernel


EPS2D = 0.3
"""Variance of the low-pass of the original rasteriser, square pixels."""


class Lens(NamedTuple):
    """A camera and its low-pass, inside a kernel."""

    right: Vector  # the camera's axes in the world, unit length
    down: Vector
    forward: Vector
    offset: Vector  # world to camera, after the rotation
    eye: Vector  # the camera's place
    fx: float  # pixels
    fy: float
    cx: float
    cy: float
    width: float
    height: float
    near: float
    eps2d: float  # variance of the low-pass, square pixels


def numbers_of(camera: Camera, eps2d: float) -> Numbers:
    """The camera with a low-pass, for `lens_in`."""
    k = camera.K
    rest = (k[0, 0], k[1, 1], k[0, 2], k[1, 2], camera.width, camera.height, camera.near, eps2d)
    return np.concatenate([camera.viewmat[:3, :3].ravel(), camera.viewmat[:3, 3], camera.centre, rest])


@inline
def lens_in(n: Numbers) -> Lens:
    """The lens with these numbers."""
    return Lens(
        (n[0], n[1], n[2]), (n[3], n[4], n[5]), (n[6], n[7], n[8]), (n[9], n[10], n[11]), (n[12], n[13], n[14]),
        n[15], n[16], n[17], n[18], n[19], n[20], n[21], n[22],
    )  # fmt: skip


@inline
def slant(lens: Lens, x: float, y: float, z: float) -> tuple[float, float]:
    """x / z and y / z within the picture and 15% of it on each side, where the affine map still holds."""
    wide, high = 0.15 * lens.width, 0.15 * lens.height
    return (
        clamp(x / z, (-wide - lens.cx) / lens.fx, (lens.width + wide - lens.cx) / lens.fx),
        clamp(y / z, (-high - lens.cy) / lens.fy, (lens.height + high - lens.cy) / lens.fy),
    )


@inline
def affine(lens: Lens, a: float, b: float, z: float) -> tuple[Vector, Vector]:
    """Gradients of the pixel coordinates u and v with respect to the place in the world, at slant a, b and depth z."""
    return (
        combine(lens.fx / z, lens.right, -lens.fx / z * a, lens.forward),
        combine(lens.fy / z, lens.down, -lens.fy / z * b, lens.forward),
    )
