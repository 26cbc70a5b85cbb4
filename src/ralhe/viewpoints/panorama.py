"""All that is seen from one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from ralhe.cameras.camera import Camera
from ralhe.viewpoints.probe import NEAR, Probe
from ralhe.viewpoints.robust import Floats

PIXELS = 24  # along each side of six pictures
HORIZON, SKY = 4.0, 0.5  # distance, units, and luminance where nothing is


@dataclass(frozen=True, eq=False)
class Panorama:
    """P lines of sight from one place. Where nothing is, the sky is grey and at the horizon."""

    directions: Floats  # [P, 3] unit vectors
    luminances: Floats  # [P] 0 and up
    log_distances: Floats  # [P] natural log, units
    sharpness: float  # mean of all looks

    @classmethod
    def of(cls, probe: Probe, eye: Floats) -> Self:
        """What is seen from `eye` [3], units."""
        looks, directions = [], []
        for forward in (sign * axis for axis in np.eye(3) for sign in (1.0, -1.0)):
            camera = Camera.looking_at(
                eye, eye + forward, np.roll(forward, 1), fov=0.5 * np.pi, width=PIXELS, height=PIXELS, near=NEAR
            )
            looks.append(probe.look(camera))
            directions.append(RAYS @ camera.viewmat[:3, :3])
        lengths = np.linalg.norm(RAYS, axis=-1)
        alpha = np.stack([look.alpha for look in looks])
        distances = np.stack([look.depths * lengths for look in looks])
        luminances = np.stack([look.luminances for look in looks])
        return cls(
            (np.stack(directions) / lengths[..., None]).reshape(-1, 3),
            (alpha * luminances + (1 - alpha) * SKY).ravel(),
            (alpha * np.log(np.clip(distances, NEAR, HORIZON)) + (1 - alpha) * np.log(HORIZON)).ravel(),
            float(np.mean([look.sharpness.mean() for look in looks])),
        )


def rays() -> Floats:
    """[PIXELS, PIXELS, 3] from the eye through the pixels of a look of 90 degrees, in the camera's coordinates."""
    steps = (np.arange(PIXELS) + 0.5) / (0.5 * PIXELS) - 1
    x, y = np.meshgrid(steps, steps)
    return np.stack([x, y, np.ones_like(x)], axis=-1)


RAYS = rays()
