"""Once around a scene, for a short film of it."""

from __future__ import annotations

import numpy as np

from ralhe.cameras.views import Views
from ralhe.gaussians import Gaussians
from ralhe.viewpoints.kind import Kind
from ralhe.viewpoints.orbit import OUTSIDE, direction, filling
from ralhe.viewpoints.placement import named, staged
from ralhe.viewpoints.robust import box
from ralhe.viewpoints.shot import Shot

ELEVATION = np.sin(np.radians(20))  # sine of it
MARGIN = 1.1  # times the distance at which the object fills the picture from its widest side


def turntable(
    gaussians: Gaussians, count: int, *, kind: Kind | None = None, size: tuple[int, int] = (800, 600)
) -> Views:
    """`count` test views once around an object from a little above, or once round on the spot inside a scene.

    kind: what the scene is, where its guess is wrong. size: width and height in pixels. Raises SceneError for a scene
    without a finite Gaussian.
    """
    kind, capture, stage = staged(gaussians, kind, size)
    azimuths = 2 * np.pi * np.arange(count) / max(count, 1)
    if kind == "object":
        matter = stage.matter
        low, high = box(matter.positions, matter.opacities * matter.sizes, OUTSIDE)
        middle = 0.5 * (low + high)
        inside = ((matter.positions >= low) & (matter.positions <= high)).all(axis=1)
        points, sizes = matter.sampled(matter.positions[inside]) - middle, matter.sampled(matter.sizes[inside])
        outward = [direction(azimuth, ELEVATION) for azimuth in azimuths]
        distance = MARGIN * max((filling(points, sizes, way, stage.lens) for way in outward), default=1.0)
        shots = [Shot(middle + distance * way, middle) for way in outward]
    else:
        centre = stage.axes @ capture.centre
        shots = [Shot(centre, centre + direction(azimuth, 0.0)) for azimuth in azimuths]
    return Views((), named(stage, "orbit", shots))
