"""Up by what is seen: light comes from above, and so do cameras; the ground is nearer than the sky."""

from __future__ import annotations

import numpy as np

from ralhe.cameras.camera import Camera
from ralhe.viewpoints.capture import Capture
from ralhe.viewpoints.panorama import Panorama
from ralhe.viewpoints.probe import NEAR, Look, Probe
from ralhe.viewpoints.robust import Floats

# Log odds for each e-fold, at most one, by which the upper side ...
BRIGHTER = 0.5
FINER = 0.5  # of an object; what no camera saw stays coarse
FARTHER = 0.5  # of what surrounds the cameras

AWAY, FIELD, PIXELS = 4.0, 1.0, 64  # of looks at an object: units, radians, pixels
PANORAMAS, AROUND = 8, 0.6  # number, and deviation of their places over the radius of the capture


def light_outside(probe: Probe) -> Floats:
    """[3] log odds that x, y and z are up rather than down, from looks at an object from six sides.

    As a vector: its product with any direction is the log odds of that.
    """
    odds = []
    for axis in np.eye(3):
        upper, under = (look_at(probe, side) for side in (axis, -axis))
        brighter = np.log(upper.mean(upper.luminances) + 0.01) - np.log(under.mean(under.luminances) + 0.01)
        finer = under.mean(under.log_sizes) - upper.mean(upper.log_sizes)
        odds.append(BRIGHTER * np.clip(brighter, -1, 1) + FINER * np.clip(finer, -1, 1))
    return np.array(odds)


def light_inside(probe: Probe, capture: Capture) -> Floats:
    """[3] the same from panoramas of what surrounds the cameras, from places where they may have stood."""
    steps = AROUND * capture.radius * np.random.default_rng(0).normal(size=(PANORAMAS, 3))
    panoramas = [Panorama.of(probe, capture.centre + step) for step in steps]
    total = sum(panorama.sharpness for panorama in panoramas) + 1e-9
    brighter, farther = np.zeros(3), np.zeros(3)
    for panorama in panoramas:
        share = panorama.sharpness / total  # blurred ones were taken from within matter
        for axis in range(3):
            above = panorama.directions[:, axis] > 0
            up, down = panorama.luminances[above].mean(), panorama.luminances[~above].mean()
            brighter[axis] += share * (np.log(up + 0.01) - np.log(down + 0.01))
            farther[axis] += share * (panorama.log_distances[above].mean() - panorama.log_distances[~above].mean())
    return np.asarray(BRIGHTER * np.clip(brighter, -1, 1) + FARTHER * np.clip(farther, -1, 1))


def look_at(probe: Probe, side: Floats) -> Look:
    """A square look at an object from the `side` [3]."""
    across = np.eye(3)[np.argmin(np.abs(side))]
    eye, target = AWAY * side, np.zeros(3)
    return probe.look(Camera.looking_at(eye, target, across, fov=FIELD, width=PIXELS, height=PIXELS, near=NEAR))
