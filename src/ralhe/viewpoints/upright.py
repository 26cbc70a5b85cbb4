"""Which way is up: the habits of such files, weighed with where the ground lies and where the light comes from."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from ralhe.coordinates import PLY_COORDINATES, axis_signs
from ralhe.gaussians import Coordinates
from ralhe.viewpoints.capture import Capture
from ralhe.viewpoints.ground import ground, planes
from ralhe.viewpoints.light import light_inside, light_outside
from ralhe.viewpoints.matter import Matter
from ralhe.viewpoints.normals import modes, order
from ralhe.viewpoints.probe import Probe
from ralhe.viewpoints.robust import Floats

# All that is weighed here are log odds, set by hand on a dozen scenes.
# Trainers keep the y of COLMAP, which is down; Blender and many converters have z or y up.
HABITS = -1.1, -0.5, -0.3, -1.1, 0.0, -1.0  # of +x, +y, +z, -x, -y, -z as up, in the axes of a trained .ply
TILT, TILT_PER_RADIAN = -0.2, -0.3  # of a direction off the axes
GROUND = 3.0  # times the share of the matter that is ground
ORDER, MOST_ORDER = 2.0, 0.4  # times nats; at most, because things lean

DIRECTIONS = 300  # on half a sphere, where searches begin
SAME = np.cos(np.radians(3))  # of directions that count as one


def upright(matter: Matter, probe: Probe, coordinates: Coordinates, capture: Capture | None) -> Floats:
    """[3, 3] axes of a scene, rows of a rotation: two level ones, the first along the longer side, then up.

    capture: where the cameras of a scene stood that surrounds them; None for an object.
    """
    light = light_inside(probe, capture) if capture else light_outside(probe)
    odds = []
    for axis in candidates(matter):
        ordered = min(MOST_ORDER, ORDER * order(matter, axis))
        for up in (axis, -axis):
            odds.append((habit(up, coordinates) + light @ up + ordered + GROUND * ground(matter, up), up))
    return level_axes(matter, max(odds, key=lambda pair: pair[0])[1])


def candidates(matter: Matter) -> list[Floats]:
    """Unit vectors [3] that may be vertical: axes of coordinates, normals, what they are upright to, slabs."""
    index = np.arange(DIRECTIONS) + 0.5
    z, turn = index / DIRECTIONS, np.pi * (1 + 5**0.5) * index  # a Fibonacci spiral
    level = np.sqrt(1 - z * z)
    directions = np.stack([level * np.cos(turn), level * np.sin(turn), z], axis=1)
    tops = modes(matter, directions)
    walls = [np.cross(a, b) / np.linalg.norm(np.cross(a, b)) for a, b in combinations(tops, 2)]
    found = list(np.eye(3))
    for direction in [*planes(matter, directions), *tops, *walls]:
        if all(abs(direction @ other) < SAME for other in found):
            found.append(direction)
    return found


def habit(up: Floats, coordinates: Coordinates) -> float:
    """Log odds that `up` [3] is up before the scene is seen."""
    in_ply = up * axis_signs(coordinates, PLY_COORDINATES)
    cosines = np.concatenate([in_ply, -in_ply])
    nearest = int(np.argmax(cosines))
    angle = float(np.arccos(min(1.0, cosines[nearest])))
    return HABITS[nearest] + (TILT + TILT_PER_RADIAN * angle if angle > 1e-6 else 0.0)


def level_axes(matter: Matter, up: Floats) -> Floats:
    """[3, 3] rows: along the longer level side of the matter, towards its longer tail; across it; up."""
    first = np.cross(np.eye(3)[np.argmin(np.abs(up))], up)
    first /= np.linalg.norm(first)
    level = np.stack([first, np.cross(up, first)])
    points, weights = matter.positions[matter.nearby] @ level.T, matter.opacities[matter.nearby]
    if len(points) > 1:
        points = points - np.average(points, axis=0, weights=weights)
        longest = np.linalg.eigh((points * weights[:, None]).T @ points)[1][:, -1]
        first = longest @ level * (1 if weights @ (points @ longest) ** 3 >= 0 else -1)
    return np.stack([first, np.cross(up, first), up])
