"""A small picture of a stream for the list of a folder."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import ralhe
from ralhe.bitstream import info
from ralhe.web.first_view import can_draw, first_camera

if TYPE_CHECKING:
    from ralhe.gaussians import Gaussians

SIZE = 320, 240
MOST_GAUSSIANS = 60_000  # more make no difference at this size
QUALITY = 80

PLAIN = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 240"><rect width="320" height="240" fill="#1b1e25"/>'
    b'<g fill="#3d4654"><ellipse cx="128" cy="128" rx="52" ry="20" transform="rotate(-24 128 128)"/>'
    b'<ellipse cx="186" cy="104" rx="40" ry="15" transform="rotate(38 186 104)" opacity=".7"/>'
    b'<ellipse cx="170" cy="152" rx="30" ry="12" transform="rotate(8 170 152)" opacity=".5"/></g></svg>'
)
"""What stands for a stream that is not drawn."""


def thumbnail(data: bytes) -> bytes | None:
    """The first view of a stream as WebP of SIZE; None without the `render` extra.

    Raises RalheError where the stream is damaged or shows nothing.
    """
    if not can_draw():
        return None
    import torch
    from PIL import Image

    from ralhe.files.coordinates import in_ply_axes

    gaussians = in_ply_axes(light(data))
    camera = first_camera(gaussians, SIZE)
    with torch.no_grad():
        colour = ralhe.render(gaussians, camera).colour
    pixels = (colour.nan_to_num().clamp(0, 1) * 255 + 0.5).byte().cpu().numpy()
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "WEBP", quality=QUALITY)
    return out.getvalue()


def light(data: bytes) -> Gaussians:
    """The finest level with no more Gaussians than a thumbnail can show, or the first."""
    sections = [section for section in info(data).sections if section.kind == "attributes"]
    few = [section.last_level + 1 for section in sections if section.count <= MOST_GAUSSIANS]
    return ralhe.decode(data, level=max(few, default=None) or (sections[0].last_level + 1 if sections else None))
