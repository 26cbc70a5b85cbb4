"""Coordinate systems: convert a scene from one naming of x, y and z to another by flipping axes.

Every system of `Coordinates` names the same three axes (left-right, down-up, back-forward) in the same
order, so each conversion is a mirror D = diag(+-1, +-1, +-1), exact in floating point and its own inverse.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ralhe.errors import SceneError
from ralhe.gaussians import Array, Coordinates, Gaussians

PLY_COORDINATES: Coordinates = "RDF"
"""What an untagged scene is taken for: trainers that write .ply look along +z with y down."""

SH_PARITY = ("", "y", "z", "x", "xy", "yz", "", "xz", "", "y", "xyz", "y", "z", "x", "z", "x")
"""The axes in which each real spherical harmonic of degree 0 to 3 is odd, in the order of `Gaussians.sh`."""


def axis_signs(source: Coordinates, target: Coordinates) -> Array:
    """[3] signs, -1 where x, y or z points the other way; "unspecified" counts as RDF."""
    letters = (PLY_COORDINATES if system == "unspecified" else system for system in (source, target))
    return np.array([1.0 if a == b else -1.0 for a, b in zip(*letters, strict=True)], np.float32)


def quaternion_signs(flips: Array) -> Array:
    """[4] signs of w, x, y, z under the mirror D = diag(flips).

    A covariance R S R' becomes D R S R' D = (D R D) S (D R D)'. D R D is a rotation about the mirrored
    axis by det(D) times the angle, so w stays and x, y, z gain det(D) * flips.
    """
    return np.concatenate([np.ones(1, np.float32), flips.prod() * flips])


def sh_signs(flips: Array, coefficients: int) -> Array:
    """[coefficients] signs: a harmonic that is odd in a flipped axis changes sign."""
    sign = dict(zip("xyz", flips, strict=True))
    return np.array([np.prod([sign[axis] for axis in odd]) for odd in SH_PARITY[:coefficients]], np.float32)


def convert(gaussians: Gaussians, target: Coordinates) -> Gaussians:
    """The same scene with x, y and z pointing as `target` names them.

    "unspecified" as the scene's own system counts as RDF. Converting there and back restores every bit.
    Raises SceneError when the target is "unspecified".
    """
    if target == "unspecified":
        raise SceneError("cannot convert to 'unspecified' coordinates; name a system such as RDF or RUB")
    flips = axis_signs(gaussians.coordinates, target)
    if (flips > 0).all():
        return replace(gaussians, coordinates=target)
    return replace(
        gaussians,
        positions=gaussians.positions * flips,
        rotations=gaussians.rotations * quaternion_signs(flips),
        sh=gaussians.sh * sh_signs(flips, gaussians.sh.shape[1])[:, None],
        coordinates=target,
    )


def in_ply_axes(gaussians: Gaussians) -> Gaussians:
    """The scene in the axes of a trained .ply, in which cameras are given; an untagged one as it is."""
    return gaussians if gaussians.coordinates == "unspecified" else convert(gaussians, PLY_COORDINATES)
