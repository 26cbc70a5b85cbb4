"""Where a viewer first stands, and the picture it has from there; both take the `render` extra."""

from __future__ import annotations

import importlib.util
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from ralhe.coordinates import in_ply_axes
from ralhe.errors import RalheError

if TYPE_CHECKING:
    from ralhe.cameras import Camera
    from ralhe.gaussians import Gaussians

SIZE = 800, 600  # pixels, for choosing the place
SMALL = 320, 240  # pixels of a thumbnail
QUALITY = 80
AHEAD = 0.4  # what is no farther off the line of sight than this share of its depth is ahead

PLAIN = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 240"><rect width="320" height="240" fill="#1b1e25"/>'
    b'<g fill="#3d4654"><ellipse cx="128" cy="128" rx="52" ry="20" transform="rotate(-24 128 128)"/>'
    b'<ellipse cx="186" cy="104" rx="40" ry="15" transform="rotate(38 186 104)" opacity=".7"/>'
    b'<ellipse cx="170" cy="152" rx="30" ry="12" transform="rotate(8 170 152)" opacity=".5"/></g></svg>'
)
"""A picture that stands for a scene where none is drawn."""


class FirstView(TypedDict):
    """A camera as the page takes it: scene units, in the axes of a trained .ply."""

    eye: list[float]
    target: list[float]
    up: list[float]


@dataclass(frozen=True)
class FirstLook:
    """What is seen first of a scene."""

    view: FirstView | None
    thumbnail: bytes | None  # WebP of SMALL


NOTHING = FirstLook(None, None)


def can_draw() -> bool:
    """Whether the `render` extra is installed."""
    return all(importlib.util.find_spec(name) for name in ("torch", "numba", "PIL"))


def first_look(gaussians: Gaussians) -> FirstLook:
    """A view that suits the scene, and its picture; NOTHING without the `render` extra or anything to see."""
    if not can_draw():
        return NOTHING
    scene = in_ply_axes(gaussians)
    try:
        camera = opening_of(scene)
        return FirstLook(view_of(camera, scene), thumbnail(scene, camera))
    except RalheError:
        return NOTHING


def first_view(gaussians: Gaussians) -> FirstView | None:
    """The view alone; None without the `render` extra or anything to see."""
    if not can_draw():
        return None
    scene = in_ply_axes(gaussians)
    try:
        return view_of(opening_of(scene), scene)
    except RalheError:
        return None


def opening_of(scene: Gaussians) -> Camera:
    """The camera that the scene is first seen through. Raises SceneError or CameraError where there is none."""
    from ralhe.viewpoints import opening

    return opening(scene, size=SIZE)


def view_of(camera: Camera, scene: Gaussians) -> FirstView:
    """The camera for the page; its target lies at the median depth of what is ahead."""
    rotation, translation = camera.viewmat[:3, :3], camera.viewmat[:3, 3]
    seen = scene.positions @ rotation.T + translation  # right, down, forward
    depths = seen[:, 2]
    ahead = depths[(depths > camera.near) & (np.abs(seen[:, :2]).max(axis=1) < AHEAD * depths)]
    distance = float(np.median(ahead)) if len(ahead) else 1.0
    target = camera.centre + distance * rotation[2]
    return FirstView(eye=camera.centre.tolist(), target=target.tolist(), up=(-rotation[1]).tolist())


def thumbnail(scene: Gaussians, camera: Camera) -> bytes:
    """A WebP of SMALL, on black."""
    import torch
    from PIL import Image

    from ralhe.rasteriser import render

    with torch.no_grad():
        colour = render(scene, camera.resized(*SMALL)).colour
    pixels = (colour.nan_to_num().clamp(0, 1) * 255 + 0.5).byte().cpu().numpy()
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "WEBP", quality=QUALITY)
    return out.getvalue()
