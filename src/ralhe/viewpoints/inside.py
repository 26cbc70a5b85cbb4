"""Shots from within a room or a landscape, searched for where small renders are sharp and full."""

from __future__ import annotations

import numpy as np

from ralhe.viewpoints.capture import Capture
from ralhe.viewpoints.robust import Floats
from ralhe.viewpoints.shot import Shot, Trial
from ralhe.viewpoints.stage import Stage

ROUNDS = 3
BEST = 0.3  # of the trials so far, near which the next round stands
FLAT = np.array([0.7, 0.7, 0.4])  # deviations of places over the radius; people hold cameras level
OUT = 3.0  # radii from the centre that halve the quality
STEP = 0.35  # deviation of the next places, times FLAT and the radius
STEEPEST = np.tan(np.radians((-22, 12)))  # slopes of lines of sight
WIDE_STEEPEST = np.tan(np.radians((-50, 40)))


def wander(stage: Stage, capture: Capture, reach: float, count: int, random: np.random.Generator,
           wide: bool = False) -> list[Trial]:  # fmt: skip
    """At least `count` shots from in and around the capture, each round from nearer to where good ones stood.

    reach: how many times farther out than the capture the first round looks for places, 1 and up; cameras that went
    around something stood farther out than what it holds says. wide: they look steeply up and down as well.
    """
    slopes = WIDE_STEEPEST if wide else STEEPEST
    centre = stage.axes @ capture.centre
    trials: list[Trial] = []
    for turn in range(ROUNDS):
        best = sorted(trials, key=lambda trial: -trial.quality)[: max(1, int(BEST * len(trials)))]
        for step in capture.radius * FLAT * random.normal(size=(-(-count // ROUNDS), 3)):
            if turn == 0:
                eye = centre + reach ** random.random() * step
            else:
                eye = best[random.integers(len(best))].shot.eye + STEP * step
            look = stage.look(shot := Shot(eye, sight(stage, eye, slopes, random)))
            out = np.linalg.norm(eye - centre) / (max(reach, OUT) * capture.radius)
            trials.append(Trial(shot, look, float(look.sharpness.mean() / (1 + out * out))))
    return trials


def sight(stage: Stage, eye: Floats, slopes: Floats, random: np.random.Generator) -> Floats:
    """[3] some matter to look at from `eye` [3], or what is above or below it where the way there is steep."""
    target = stage.matter.positions[random.integers(len(stage.matter.positions))].copy()
    away = max(float(np.linalg.norm(target[:2] - eye[:2])), 1e-3)
    target[2] = eye[2] + away * np.clip((target[2] - eye[2]) / away, *slopes)
    return np.asarray(target)
