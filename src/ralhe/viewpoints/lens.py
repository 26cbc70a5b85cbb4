"""The lens that all views of our own making are taken with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ralhe.cameras.camera import Camera
from ralhe.viewpoints.robust import Floats

FIELD = float(np.radians(50))
"""Field of view along the longer side of a picture, as of a lens of 39 mm on film."""

SMALL = 72
"""Pixels along the longer side of the renders that judge a shot."""


@dataclass(frozen=True)
class Lens:
    """A lens for pictures of `width` x `height` pixels."""

    width: int
    height: int

    @property
    def slopes(self) -> tuple[float, float]:
        """Half of what is seen at distance 1: across, and from bottom to top."""
        slope = float(np.tan(0.5 * FIELD)) / max(self.width, self.height)
        return slope * self.width, slope * self.height

    def small(self) -> Lens:
        """The same for the pictures that judge a shot."""
        scale = SMALL / max(self.width, self.height)
        return Lens(max(1, round(scale * self.width)), max(1, round(scale * self.height)))

    def camera(self, eye: Floats, target: Floats, up: Floats, near: float) -> Camera:
        """The camera at `eye` [3] that sees `target` [3] in its centre, `up` [3] upwards; Gaussians nearer are cut."""
        fov = 2 * float(np.arctan(self.slopes[0]))
        return Camera.looking_at(eye, target, up, fov=fov, width=self.width, height=self.height, near=near)
