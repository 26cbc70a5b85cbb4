"""Which way is up: the habits of such files, weighed with where the ground lies and where the light comes from."""

from __future__ import annotations

import numpy as np

from ralhe.cameras.camera import Camera
from ralhe.gaussians import Coordinates
from ralhe.viewpoints.capture import Capture
from ralhe.viewpoints.matter import Matter
from ralhe.viewpoints.panorama import Panorama
from ralhe.viewpoints.probe import NEAR, Look, Probe
from ralhe.viewpoints.robust import Floats

# What follows are log odds, set by hand on a dozen scenes.
# Trainers keep the y of COLMAP, which is down; Blender and many converters have z or y up.
HABITS = -1.1, -0.5, -0.3, -1.1, 0.0, -1.0  # of +x, +y, +z, -x, -y, -z as up
NAMED = 0.25  # for the vertical axis that a file names; its content often follows another
TILT, TILT_PER_RADIAN = -0.3, -0.7  # of a direction off the axes
GROUND, BY_CHANCE = 6.0, 0.03  # times the share of the matter that lies flat in one slab, above that of any scene
LIGHT = 0.5  # times how many e-folds the upper side is brighter than the under side
PHOTOGRAPHED = 0.5  # times how many e-folds it is finer
GROUND_NEAR = 0.5  # times how many e-folds what is below is nearer than what is above

FLAT = np.cos(np.radians(20))  # |cosine| of a normal that counts as level
SLAB = 0.04  # thickness of a ground, units
WIDEST = 0.3  # larger sizes count as this, units
NEARBY = 3.0  # matter farther from the origin has no say, units
PIXELS, AWAY = 64, 4.0  # of looks from above and below; units
PANORAMAS = 8

DIRECTIONS = 300  # on half a sphere, where normals may gather
MODES = 3
CAP, APART, ON_AXIS = np.cos(np.radians((15, 30, 4)))


def upright(matter: Matter, probe: Probe, coordinates: Coordinates, capture: Capture | None) -> Floats:
    """[3, 3] axes of a scene, rows of a rotation: two level ones, the first along the longer side, then up.

    capture: where the cameras of a scene stood that surrounds them; None for an object.
    """
    near = np.linalg.norm(matter.positions, axis=1) < NEARBY
    weights = near * matter.opacities * np.minimum(matter.sizes, WIDEST) ** 2
    panoramas = from_inside(probe, capture) if capture else []
    odds = []
    for axis in axes(matter, weights * matter.flatness):
        sides = light_inside(panoramas, axis) if panoramas else light_outside(probe, axis)
        for up, side in ((axis, sides), (-axis, -sides)):
            odds.append((habit(up, coordinates) + side + GROUND * ground(matter, weights, up), up))
    return level_axes(matter, max(odds, key=lambda pair: pair[0])[1])


def habit(up: Floats, coordinates: Coordinates) -> float:
    """Log odds that `up` [3] is up before the scene is seen."""
    odds = np.array(HABITS)
    if coordinates != "unspecified":
        odds[1 if coordinates[1] == "U" else 4] += NAMED
    angles = np.arccos(np.clip(np.concatenate([up, -up]), -1, 1))
    tilted = TILT if angles.min() > 1e-6 else 0.0
    return float(np.max(odds + TILT_PER_RADIAN * angles)) + tilted


def ground(matter: Matter, weights: Floats, up: Floats) -> float:
    """Share of the weights [M] flat in one slab across `up` [3], times the share of the rest that is above it."""
    heights = matter.positions @ up
    level = weights * (np.abs(matter.normals @ up) > FLAT)
    edges = np.arange(-NEARBY, NEARBY + SLAB, SLAB / 2)
    slabs = np.convolve(np.histogram(heights, edges, weights=level)[0], np.ones(2), "valid")
    most = int(np.argmax(slabs))
    total = max(weights.sum(), 1e-300)
    below = weights[heights < edges[most] - SLAB].sum() / total
    above = weights[heights > edges[most + 2] + SLAB].sum() / total
    return float(max(0.0, slabs[most] / total - BY_CHANCE) * (above + 0.01) / (above + below + 0.02))


def light_outside(probe: Probe, axis: Floats) -> float:
    """Log odds that `axis` [3] is up rather than down, from two looks at an object.

    Light comes from above, and cameras do: what they did not see stays coarse.
    """
    upper, under = (look_down(probe, side) for side in (axis, -axis))
    brighter = np.log(upper.mean(upper.luminances) + 0.01) - np.log(under.mean(under.luminances) + 0.01)
    finer = under.mean(under.log_sizes) - upper.mean(upper.log_sizes)
    return float(LIGHT * np.clip(brighter, -1, 1) + PHOTOGRAPHED * np.clip(finer, -1, 1))


def light_inside(panoramas: list[Panorama], axis: Floats) -> float:
    """The same from panoramas: sky and lamps are above, and the ground is nearer than the sky."""
    brighter, farther = 0.0, 0.0
    total = sum(panorama.sharpness for panorama in panoramas) + 1e-9
    for panorama in panoramas:
        above = panorama.directions @ axis > 0
        share = panorama.sharpness / total  # blurred ones stand in matter
        up, down = panorama.luminances[above].mean(), panorama.luminances[~above].mean()
        brighter += share * float(np.log(up + 0.01) - np.log(down + 0.01))
        farther += share * float(panorama.log_distances[above].mean() - panorama.log_distances[~above].mean())
    return float(LIGHT * np.clip(brighter, -1, 1) + GROUND_NEAR * np.clip(farther, -1, 1))


def from_inside(probe: Probe, capture: Capture) -> list[Panorama]:
    """Panoramas from places where the cameras may have stood."""
    steps = np.random.default_rng(0).normal(size=(PANORAMAS, 3))
    return [Panorama.of(probe, capture.centre + 0.6 * capture.radius * step) for step in steps]


def look_down(probe: Probe, up: Floats) -> Look:
    """A square look at an object from the side of `up` [3]."""
    across = np.eye(3)[np.argmin(np.abs(up))]
    return probe.look(
        Camera.looking_at(AWAY * up, 0 * up, across, fov=1.0, width=PIXELS, height=PIXELS, near=NEAR)
    )


def axes(matter: Matter, weights: Floats) -> list[Floats]:
    """The axes of coordinates, and up to MODES directions [3] off them around which normals gather."""
    index = np.arange(DIRECTIONS) + 0.5
    z, turn = index / DIRECTIONS, np.pi * (1 + 5**0.5) * index
    level = np.sqrt(1 - z * z)
    sphere = np.stack([level * np.cos(turn), level * np.sin(turn), z], axis=1)
    normals, weights = matter.sampled(matter.normals), matter.sampled(weights)
    gathered = weights @ (np.abs(normals @ sphere.T) > CAP)
    found: list[Floats] = []
    for start in sphere[np.argsort(-gathered, kind="stable")]:
        if len(found) == MODES:
            break
        if all(abs(start @ other) < APART for other in found):
            found.append(mode(normals, weights, start))
    return list(np.eye(3)) + [axis for axis in found if np.abs(axis).max() < ON_AXIS]


def mode(normals: Floats, weights: Floats, start: Floats) -> Floats:
    """[3] the direction around which normals [M, 3] gather near `start` [3]."""
    for _ in range(4):
        along = normals @ start
        total = (weights * np.sign(along) * (np.abs(along) > CAP)) @ normals
        if not np.linalg.norm(total) > 0:
            break
        start = total / np.linalg.norm(total)
    return start


def level_axes(matter: Matter, up: Floats) -> Floats:
    """[3, 3] rows: along the longer level side of the matter, towards its longer tail; across it; up."""
    first = np.eye(3)[np.argmin(np.abs(up))]
    first = np.cross(first, up) / np.linalg.norm(np.cross(first, up))
    frame = np.stack([first, np.cross(up, first)])
    near = np.linalg.norm(matter.positions, axis=1) < NEARBY
    points, weights = matter.positions[near] @ frame.T, matter.opacities[near]
    if len(points) > 1:
        points = points - np.average(points, axis=0, weights=weights)
        longest = np.linalg.eigh((points * weights[:, None]).T @ points)[1][:, -1]
        along = points @ longest
        first = frame.T @ longest * (1 if weights @ along**3 >= 0 else -1)
    return np.stack([first, np.cross(up, first), up])
