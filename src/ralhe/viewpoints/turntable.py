"""Once around a scene, for a short film of it."""

from __future__ import annotations

import numpy as np

from ralhe.cameras.views import Views
from ralhe.coordinates import in_ply_axes
from ralhe.gaussians import Gaussians
from ralhe.viewpoints.capture import Capture
from ralhe.viewpoints.kind import Kind
from ralhe.viewpoints.orbit import direction
from ralhe.viewpoints.placement import named, staged
from ralhe.viewpoints.shot import Shot
from ralhe.viewpoints.stage import Stage
from ralhe.viewpoints.subject import Subject

ELEVATION = np.sin(np.radians(20))  # sine of it
MARGIN = 1.1  # times the distance at which the object fills the picture from its widest side


def turntable(
    gaussians: Gaussians, count: int, *, kind: Kind | None = None, size: tuple[int, int] = (800, 600)
) -> Views:
    """`count` test views once around an object from a little above, or once round on the spot inside a scene; in the
    axes of a trained .ply.

    kind: what the scene is, where its guess is wrong. size: width and height in pixels. Raises SceneError for a scene
    without a finite Gaussian.
    """
    kind, capture, stage = staged(in_ply_axes(gaussians), kind, size)
    return Views((), named(stage, "orbit", turns(stage, capture, kind, count)))


def turns(stage: Stage, capture: Capture, kind: Kind, count: int) -> list[Shot]:
    """The shots of a turntable."""
    azimuths = 2 * np.pi * np.arange(count) / max(count, 1)
    if kind == "object":
        subject = Subject.of(stage.matter)
        outward = [direction(azimuth, ELEVATION) for azimuth in azimuths]
        distance = MARGIN * max((subject.distance(way, stage.lens) for way in outward), default=1.0)
        return [Shot(subject.middle + distance * way, subject.middle) for way in outward]
    centre = stage.axes @ capture.centre
    return [Shot(centre, centre + direction(azimuth, 0.0)) for azimuth in azimuths]
