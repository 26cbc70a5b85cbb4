"""Shots of an object, from around and above it."""

from __future__ import annotations

import numpy as np

from ralhe.viewpoints.lens import Lens
from ralhe.viewpoints.robust import Floats, box, quantiles
from ralhe.viewpoints.shot import Shot, Trial
from ralhe.viewpoints.stage import Stage

LOWEST, HIGHEST = np.sin(np.radians((-5, 55)))  # of elevations; the sines between are equally likely
CLOSEST, FARTHEST = 0.75, 1.35  # times the distance at which the object fills the picture
WANDERING = 0.5, 0.1  # of the way from the middle to some detail: the target of the closest and the farthest shot
OUTSIDE = 0.003  # share of the matter left out on each side of the box: floaters
FITS = 0.98  # share of the matter within a picture that it fills
SAMPLE = 2000  # Gaussians that are made to fit
BLOCKED, SO_NEAR = 0.03, 0.25  # share of a picture that may show something nearer than this part of the way


def orbit(stage: Stage, count: int, random: np.random.Generator) -> list[Trial]:
    """`count` shots spread evenly over azimuths, elevations and distances."""
    matter = stage.matter
    low, high = box(matter.positions, matter.opacities * matter.sizes, OUTSIDE)
    middle = 0.5 * (low + high)
    inside = np.flatnonzero(((matter.positions >= low) & (matter.positions <= high)).all(axis=1))
    picks = random.choice(inside, min(SAMPLE, len(inside)), replace=False)
    points, sizes = matter.positions[picks] - middle, matter.sizes[picks]
    trials = []
    for around, rise, back in evenly(count, random):
        outward = direction(2 * np.pi * around, LOWEST + (HIGHEST - LOWEST) * rise)
        target = middle + (WANDERING[0] + (WANDERING[1] - WANDERING[0]) * back) * points[random.integers(len(points))]
        distance = CLOSEST * (FARTHEST / CLOSEST) ** back * filling(points, sizes, outward, stage.lens)
        eye = target + distance * outward
        eye[2] = max(eye[2], low[2])
        trials.append(tried(stage, Shot(eye, target)))
    return trials


def direction(azimuth: float, sine: float) -> Floats:
    """[3] unit vector at an azimuth in radians, and an elevation of this sine."""
    level = np.sqrt(1 - sine * sine)
    return np.array([level * np.cos(azimuth), level * np.sin(azimuth), sine])


def filling(points: Floats, sizes: Floats, outward: Floats, lens: Lens) -> float:
    """Distance along `outward` [3] at which points [N, 3] of sizes [N] fill a picture with the origin in its centre."""
    right = np.cross([0.0, 0.0, 1.0], outward)
    right /= np.linalg.norm(right)
    up = np.cross(outward, right)
    across, along = lens.slopes
    aside = np.maximum(np.abs(points @ right) / across, np.abs(points @ up) / along)
    needed = points @ outward + aside + 2 * sizes / min(across, along)
    return max(1.0, float(quantiles(needed, np.ones(len(points)), (FITS,))[0]))


def evenly(count: int, random: np.random.Generator) -> Floats:
    """[count, 3] points that fill the unit cube evenly: Roberts' R3 sequence (2018) from a random start."""
    ratio = 1.2207440846057596  # the root of x**4 = x + 1
    return np.asarray((random.random(3) + np.outer(np.arange(count), ratio ** -np.arange(1.0, 4.0))) % 1.0)


def tried(stage: Stage, shot: Shot) -> Trial:
    """A shot of an object. Better is to see fine Gaussians: sides that were never photographed stay coarse."""
    look = stage.look(shot)
    way = np.linalg.norm(shot.target - shot.eye)
    blocked = float((look.alpha * (look.depths < SO_NEAR * way)).mean())
    clear = blocked < BLOCKED and look.coverage > 0
    return Trial(shot, look, -look.mean(look.log_sizes) if clear else -np.inf)
