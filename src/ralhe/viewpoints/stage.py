"""A scene made upright, and the lens before it: where shots are tried and views taken."""

from __future__ import annotations

from dataclasses import dataclass

from ralhe.cameras.camera import NEAR, Camera
from ralhe.viewpoints import probe
from ralhe.viewpoints.lens import Lens
from ralhe.viewpoints.matter import Matter
from ralhe.viewpoints.probe import Look, Probe
from ralhe.viewpoints.robust import Floats
from ralhe.viewpoints.shot import Shot


@dataclass(frozen=True, eq=False)
class Stage:
    """Matter with z up, and the means to look at it."""

    matter: Matter  # turned by `axes`
    probe: Probe  # of the matter as it was before
    axes: Floats  # [3, 3] rows of a rotation, the last is up
    lens: Lens

    def look(self, shot: Shot) -> Look:
        """What a small render of a shot shows."""
        eye, target = shot.eye @ self.axes, shot.target @ self.axes
        return self.probe.look(self.lens.small().camera(eye, target, self.axes[2], probe.NEAR))

    def camera(self, shot: Shot) -> Camera:
        """The camera that takes a shot, in scene units and the coordinates of the scene."""
        eye, target = (self.matter.origin + self.matter.unit * (point @ self.axes) for point in (shot.eye, shot.target))
        return self.lens.camera(eye, target, self.axes[2], min(NEAR, probe.NEAR * self.matter.unit))
