"""Which way is up: the habits of such files, weighed with where the ground lies and where the light comes from."""

from __future__ import annotations

import numpy as np

from ralhe.files.coordinates import PLY_COORDINATES, axis_signs
from ralhe.gaussians import Coordinates
from ralhe.viewpoints.capture import Capture
from ralhe.viewpoints.ground import ground, level_directions
from ralhe.viewpoints.light import from_inside, light_inside, light_outside
from ralhe.viewpoints.matter import Matter
from ralhe.viewpoints.probe import Probe
from ralhe.viewpoints.robust import Floats

# All that is weighed here are log odds, set by hand on a dozen scenes.
# Trainers keep the y of COLMAP, which is down; Blender and many converters have z or y up.
HABITS = -1.1, -0.5, -0.3, -1.1, 0.0, -1.0  # of +x, +y, +z, -x, -y, -z as up, in the axes of a trained .ply
TILT, TILT_PER_RADIAN = -0.3, -0.7  # of a direction off the axes
GROUND = 6.0  # times the share of the matter that is ground


def upright(matter: Matter, probe: Probe, coordinates: Coordinates, capture: Capture | None) -> Floats:
    """[3, 3] axes of a scene, rows of a rotation: two level ones, the first along the longer side, then up.

    capture: where the cameras of a scene stood that surrounds them; None for an object.
    """
    panoramas = from_inside(probe, capture) if capture else []
    odds = []
    for axis in [*np.eye(3), *level_directions(matter)]:
        sides = light_inside(panoramas, axis) if panoramas else light_outside(probe, axis)
        for up, side in ((axis, sides), (-axis, -sides)):
            odds.append((habit(up, coordinates) + side + GROUND * ground(matter, up), up))
    return level_axes(matter, max(odds, key=lambda pair: pair[0])[1])


def habit(up: Floats, coordinates: Coordinates) -> float:
    """Log odds that `up` [3] is up before the scene is seen."""
    in_ply = up * axis_signs(coordinates, PLY_COORDINATES)
    angles = np.arccos(np.clip(np.concatenate([in_ply, -in_ply]), -1, 1))
    return float(np.max(HABITS + TILT_PER_RADIAN * angles)) + (TILT if angles.min() > 1e-6 else 0.0)


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
