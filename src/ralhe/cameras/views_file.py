"""*.views.json, this project's own dialect: the data of `Views`, one view a line.

    {"convention": "OpenCV world-to-camera ...", "background": [r, g, b],
     "fit": [{"name", "width", "height", "fx", "fy", "cx", "cy", "viewmat", "near", "photo"}, ...],
     "test": [...]}

Of a view, `name`, `cx`, `cy`, `near` and `photo` may be missing; a photo is relative to the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from ralhe.cameras import photos
from ralhe.cameras.camera import NEAR, Camera
from ralhe.cameras.document import Record
from ralhe.cameras.frames import Frame, views_of
from ralhe.cameras.places import at
from ralhe.cameras.poses import from_world_to_camera
from ralhe.cameras.views import View, Views
from ralhe.errors import CameraError
from ralhe.files.whole_file import whole_file

SUFFIX = ".views.json"

CONVENTION = "OpenCV world-to-camera (x right, y down, z forward), pixels, pixel centres at +0.5"


def read(path: Path, document: object) -> Views:
    """Views of the file, split as they are there. Raises CameraError, naming file, view and field."""
    with at(path.name):
        record = Record.of(document)
        _check_convention(record)
        background = _background(record)
        fit, test = (_frames(record, part, path.parent) for part in ("fit", "test"))
    views = views_of(fit + test, path.name)
    return Views(views[: len(fit)], views[len(fit) :], background)


def write(path: Path, views: Views) -> None:
    """Writes views so that reading them back restores every number.

    Photos beneath the folder of the file are named relative to it, others by their full path. The file appears
    under its name only when it is whole. Raises OSError when the folder cannot be written.
    """
    folder = path.parent.resolve()
    parts = {"fit": _lines(views.fit, folder), "test": _lines(views.test, folder)}
    head = f'{{"convention": {json.dumps(CONVENTION)},\n "background": {json.dumps(list(views.background))}'
    lists = "".join(f',\n "{part}": [{lines}]' for part, lines in parts.items())
    with whole_file(path) as stream:
        stream.write(f"{head}{lists}}}\n".encode())


def _check_convention(record: Record) -> None:
    if record.has("convention") and not record.text("convention").startswith("OpenCV world-to-camera"):
        raise CameraError(f"convention is {record.text('convention')!r}, expected {CONVENTION!r}")


def _background(record: Record) -> tuple[float, float, float]:
    if not record.has("background"):
        return 0.0, 0.0, 0.0
    colour = record.matrix("background", (3,))
    if colour.min() < 0 or colour.max() > 1:
        raise CameraError(f"background is {colour.tolist()}, expected R, G and B in [0, 1]")
    red, green, blue = colour.tolist()
    return red, green, blue


def _frames(record: Record, part: str, folder: Path) -> list[Frame]:
    frames = []
    for i, item in enumerate(record.items(part) if record.has(part) else []):
        with at(f"{part}[{i}]"):
            frames.append(_frame(Record.of(item), f"{part} {i:02}", folder))
    return frames


def _frame(record: Record, default_name: str, folder: Path) -> Frame:
    name = record.text("name") if record.has("name") else default_name
    width, height = record.pixels("width"), record.pixels("height")
    focal = record.positive("fx"), record.positive("fy")
    centre = record.number("cx", 0.5 * width), record.number("cy", 0.5 * height)
    matrix = record.matrix("viewmat", (4, 4))
    with at("viewmat"):
        viewmat = from_world_to_camera(matrix)
    camera = Camera.pinhole(viewmat, focal, centre, width, height, record.number("near", NEAR))
    return Frame(name, camera, photos.find(folder, record.text("photo")) if record.has("photo") else None)


def _lines(views: Iterable[View], folder: Path) -> str:
    """The views as elements of a JSON list, one a line."""
    return ",".join("\n  " + json.dumps(_fields(view, folder), allow_nan=False) for view in views)


def _fields(view: View, folder: Path) -> dict[str, object]:
    camera = view.camera
    (fx, _, cx), (_, fy, cy), _ = camera.K.tolist()
    fields: dict[str, object] = {"name": view.name, "width": camera.width, "height": camera.height}
    fields |= {"fx": fx, "fy": fy, "cx": cx, "cy": cy, "viewmat": camera.viewmat.tolist(), "near": camera.near}
    if view.photo is not None:
        photo = view.photo.resolve()
        fields["photo"] = photo.relative_to(folder).as_posix() if photo.is_relative_to(folder) else str(photo)
    return fields
