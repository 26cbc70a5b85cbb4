"""cameras.json, which the code of the 3DGS paper (INRIA) leaves beside a trained scene.

A list of cameras with camera-to-world rotations in OpenCV's axes, focal lengths in pixels and the centre of the
picture as the principal point. The photos are looked for in images/ beside the file or beside its folder.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ralhe.cameras import photos
from ralhe.cameras.camera import Camera
from ralhe.cameras.document import Record
from ralhe.cameras.frames import Frame, views_of
from ralhe.cameras.places import at
from ralhe.cameras.poses import from_camera_to_world
from ralhe.cameras.views import Views, split


def read(path: Path, document: list[object]) -> Views:
    """Views of the file, every eighth held out, before black."""
    frames = []
    for i, item in enumerate(document):
        with at(f"{path.name}: [{i}]"):
            frames.append(_frame(Record.of(item)))
    return Views(*split(views_of(_with_photos(frames, path), path.name)))


def _frame(record: Record) -> Frame:
    width, height = record.pixels("width"), record.pixels("height")
    rotation, position = record.matrix("rotation", (3, 3)), record.matrix("position", (3,))
    focal = record.positive("fx"), record.positive("fy")
    viewmat = from_camera_to_world(rotation, position)
    return Frame(record.text("img_name"), Camera.pinhole(viewmat, focal, None, width, height))


def _with_photos(frames: list[Frame], path: Path) -> list[Frame]:
    """The frames with the photos that are there; a name borne twice does not tell which is whose."""
    folder = next((f for f in (path.parent / "images", path.parent / "../images") if f.is_dir()), None)
    if folder is None:
        return frames
    bearers = Counter(frame.name for frame in frames)
    alone = {name: photos.find(folder, name) for name, count in bearers.items() if count == 1}
    return [Frame(frame.name, frame.camera, alone.get(frame.name)) for frame in frames]
