"""Where a viewer first stands."""

from __future__ import annotations

import numpy as np

from ralhe.cameras.camera import Camera
from ralhe.coordinates import in_ply_axes
from ralhe.gaussians import Gaussians
from ralhe.viewpoints.placement import shots, staged
from ralhe.viewpoints.turntable import turns


def opening(gaussians: Gaussians, *, size: tuple[int, int] = (800, 600)) -> Camera:
    """A camera that shows an object whole from a little above, and in other scenes what somebody would photograph; in
    the axes of a trained .ply.

    size: width and height in pixels. Raises SceneError for a scene without a finite Gaussian, CameraError where the
    numbers make no view.
    """
    kind, capture, stage = staged(in_ply_axes(gaussians), None, size)
    found = [] if kind == "object" else shots(stage, capture, kind, 1, np.random.default_rng(0))
    return stage.camera((found or turns(stage, capture, kind, 1))[0])
