"""Shots of an object, from around and above it."""

from __future__ import annotations

import numpy as np

from ralhe.viewpoints.robust import Floats
from ralhe.viewpoints.shot import Shot, Trial
from ralhe.viewpoints.stage import Stage
from ralhe.viewpoints.subject import Subject

ELEVATIONS = np.sin(np.radians((-5, 55)))  # the sines between are equally likely
ALL_ELEVATIONS = np.sin(np.radians((-80, 80)))
CLOSEST, FARTHEST = 0.75, 1.35  # times the distance at which the object fills the picture
DETAIL, WHOLE = 0.5, 0.1  # of the way from the middle to some detail: the target of the closest and the farthest shot
BLOCKED, SO_NEAR = 0.03, 0.25  # share of a picture that may show something nearer than this part of the way


def orbit(stage: Stage, count: int, random: np.random.Generator, wide: bool = False) -> list[Trial]:
    """`count` shots spread evenly over azimuths, elevations and distances; wide: from below too."""
    subject = Subject.of(stage.matter)
    lowest, highest = ALL_ELEVATIONS if wide else ELEVATIONS
    trials = []
    for around, rise, back in evenly(count, random):
        outward = direction(2 * np.pi * around, lowest + (highest - lowest) * rise)
        detail = subject.points[random.integers(len(subject.points))]
        target = subject.middle + (DETAIL + (WHOLE - DETAIL) * back) * detail
        eye = target + CLOSEST * (FARTHEST / CLOSEST) ** back * subject.distance(outward, stage.lens) * outward
        if not wide:
            eye[2] = max(eye[2], subject.bottom)
        trials.append(tried(stage, Shot(eye, target)))
    return trials


def direction(azimuth: float, sine: float) -> Floats:
    """[3] unit vector at an azimuth in radians, and an elevation of this sine."""
    level = np.sqrt(1 - sine * sine)
    return np.array([level * np.cos(azimuth), level * np.sin(azimuth), sine])


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
