"""Which of many trials become views."""

from __future__ import annotations

import numpy as np

from ralhe.viewpoints.matter import Matter
from ralhe.viewpoints.shot import Shot, Trial


def better(trials: list[Trial], share: float, count: int) -> list[Trial]:
    """The best share of trials, the best one first; those of quality -inf only where `count` needs them."""
    ordered = sorted(trials, key=lambda trial: -trial.quality)
    usable = sum(trial.quality > -np.inf for trial in trials)
    return ordered[: max(count, min(usable, round(share * len(ordered))))]


def far_apart(trials: list[Trial], count: int) -> list[Shot]:
    """`count` shots, each as far in place and direction as can be from those before, beginning with the first."""
    eyes = np.stack([trial.shot.eye for trial in trials])
    spread = max(float(np.linalg.norm(eyes - eyes.mean(axis=0), axis=1).mean()), 1e-9)
    features = np.concatenate([eyes / spread, np.stack([trial.shot.forward for trial in trials])], axis=1)
    apart = np.full(len(trials), np.inf)
    chosen: list[Shot] = []
    for _ in range(count):
        pick = int(np.argmax(apart))
        chosen.append(trials[pick].shot)
        apart = np.minimum(apart, np.linalg.norm(features - features[pick], axis=1))
        apart[pick] = -1
    return chosen


def covering(trials: list[Trial], count: int, matter: Matter) -> list[Shot]:
    """`count` shots, each a good picture of what those before showed least."""
    shows = np.stack([trial.look.shows(matter) for trial in trials])
    qualities = np.array([max(trial.quality, 1e-9) for trial in trials]) ** 2
    times = np.zeros(shows.shape[1])
    chosen: list[Shot] = []
    for _ in range(count):
        pick = int(np.argmax(qualities * (1e-9 + shows @ (matter.sampled(matter.opacities) / (1 + times) ** 2))))
        chosen.append(trials[pick].shot)
        times += shows[pick]
        qualities[pick] = 0
    return chosen


def around(shots: list[Shot]) -> list[Shot]:
    """The shots in the order of the directions in which they look."""
    return sorted(shots, key=lambda shot: float(np.arctan2(shot.forward[1], shot.forward[0])))
