"""Shots from within a room or a landscape, searched for where small renders are sharp and full."""

from __future__ import annotations

import numpy as np

from ralhe.viewpoints.robust import Floats
from ralhe.viewpoints.shot import Shot, Trial
from ralhe.viewpoints.stage import Stage

ROUNDS = 3
BEST = 0.3  # of the trials so far, near which the next round stands
FLAT = np.array([0.7, 0.7, 0.4])  # deviations of the first places over the radius; people hold cameras level
STEP = 0.35  # deviation of the next places over the radius, times FLAT
STEEPEST = np.tan(np.radians((-22, 12)))  # slopes of lines of sight


def wander(stage: Stage, centre: Floats, radius: float, count: int, random: np.random.Generator) -> list[Trial]:
    """At least `count` shots from around `centre` [3], and round by round from nearer to where the good ones stood."""
    trials: list[Trial] = []
    for turn in range(ROUNDS):
        steps = radius * FLAT * random.normal(size=(-(-count // ROUNDS), 3))
        best = sorted(trials, key=lambda trial: -trial.quality)[: max(1, int(BEST * len(trials)))]
        for step in steps:
            eye = centre + step if turn == 0 else best[random.integers(len(best))].shot.eye + STEP * step
            trials.append(tried(stage, Shot(eye, sight(stage, eye, random))))
    return trials


def sight(stage: Stage, eye: Floats, random: np.random.Generator) -> Floats:
    """[3] some matter to look at from `eye` [3], or what is above or below it where the way there is steep."""
    target = stage.matter.positions[random.integers(len(stage.matter.positions))].copy()
    away = max(float(np.linalg.norm(target[:2] - eye[:2])), 1e-3)
    target[2] = eye[2] + away * np.clip((target[2] - eye[2]) / away, *STEEPEST)
    return np.asarray(target)


def tried(stage: Stage, shot: Shot) -> Trial:
    """A shot from inside. Better is a picture full of matter that is fine in it."""
    look = stage.look(shot)
    return Trial(shot, look, float(look.sharpness.mean()))
