"""Where a viewer first stands, where the `render` extra can find a good place."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from ralhe.errors import RalheError
from ralhe.files.coordinates import in_ply_axes

if TYPE_CHECKING:
    from ralhe.cameras import Camera
    from ralhe.gaussians import Gaussians

SIZE = 800, 600
SEEN = 0.4  # of the depth is how far off the middle of the picture things count as ahead


class FirstView(TypedDict):
    """A camera as the page takes it: scene units, in the axes of a trained .ply."""

    eye: list[float]
    target: list[float]
    up: list[float]


def can_draw() -> bool:
    """Whether the `render` extra is installed."""
    return all(importlib.util.find_spec(name) for name in ("torch", "numba", "PIL"))


def first_camera(gaussians: Gaussians, size: tuple[int, int] = SIZE) -> Camera:
    """A camera a little above an object, or inside a scene that surrounds, in the axes of a trained .ply."""
    from ralhe.viewpoints import turntable

    return turntable(in_ply_axes(gaussians), 1, size=size).test[0].camera


def first_view(gaussians: Gaussians) -> FirstView | None:
    """The same for the page; None without the `render` extra and for a scene that no camera shows."""
    if not can_draw():
        return None
    try:
        camera = first_camera(gaussians)
    except RalheError:
        return None
    rotation, translation = camera.viewmat[:3, :3], camera.viewmat[:3, 3]
    seen = in_ply_axes(gaussians).positions @ rotation.T + translation  # right, down, forward
    depths = seen[:, 2]
    ahead = depths[(depths > camera.near) & (np.abs(seen[:, :2]).max(axis=1) < SEEN * depths)]
    distance = float(np.median(ahead)) if len(ahead) else 1.0
    target = camera.centre + distance * rotation[2]
    return FirstView(eye=camera.centre.tolist(), target=target.tolist(), up=(-rotation[1]).tolist())
