"""transforms.json: cameras of NeRF, Blender's synthetic scenes, instant-ngp and nerfstudio.

Camera-to-world matrices in OpenGL's axes. The lens stands at the top or, winning, in each frame: fl_x, fl_y, cx,
cy, w, h in pixels, or camera_angle_x in radians; what is missing is the centre of the picture, square pixels and
the size of the photo. The matrices are taken as they stand, without nerfstudio's `applied_transform`.
"""

from __future__ import annotations

from math import tan
from pathlib import Path, PurePosixPath

from ralhe.cameras import photos
from ralhe.cameras.camera import Camera
from ralhe.cameras.document import Record, parse
from ralhe.cameras.frames import Frame, views_of
from ralhe.cameras.places import at
from ralhe.cameras.poses import OPENGL, check_last_row, from_camera_to_world
from ralhe.cameras.views import View, Views, split
from ralhe.errors import CameraError

TRAIN, HELD_OUT = "transforms_train.json", ("transforms_test.json", "transforms_val.json")

BLACK, WHITE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)

DISTORTION = ("k1", "k2", "k3", "k4", "p1", "p2")
PERSPECTIVE = ("PERSPECTIVE", "SIMPLE_PINHOLE", "PINHOLE", "SIMPLE_RADIAL", "RADIAL", "OPENCV")


def read_folder(folder: Path) -> Views:
    """Views of transforms_train.json; those of transforms_test.json, or else of _val, are held out.

    Behind photos with transparency the background is white, as the papers on synthetic scenes have it.
    """
    frames = _frames(folder / TRAIN, parse(folder / TRAIN))
    held_out = next((folder / name for name in HELD_OUT if (folder / name).is_file()), None)
    test = _frames(held_out, parse(held_out)) if held_out else []
    views = views_of(frames + test, TRAIN)
    parts = (views[: len(frames)], views[len(frames) :]) if test else split(views)
    return Views(*parts, _background(frames))


def read(path: Path, document: object) -> Views:
    """Views of one file, split by the lists of names that nerfstudio may put in, else every eighth held out."""
    frames = _frames(path, document)
    views = views_of(frames, path.name)
    with at(path.name):
        return Views(*_split(Record.of(document), views), _background(frames))


def _split(document: Record, views: tuple[View, ...]) -> tuple[tuple[View, ...], tuple[View, ...]]:
    named = {part: _names(document, f"{part}_filenames") for part in ("train", "val", "test")}
    held_out = named["test"] or named["val"]
    fit = tuple(v for v in views if v.name not in held_out and (v.name in named["train"] or not named["train"]))
    test = tuple(v for v in views if v.name in held_out)
    return (fit, test) if test else split(fit)


def _names(document: Record, field: str) -> set[str]:
    paths = document.items(field) if document.has(field) else []
    return {_name(path) for path in paths if isinstance(path, str)}


def _name(file_path: str) -> str:
    """The path of a photo as a name, without the dots and backslashes that some writers put in."""
    return str(PurePosixPath(file_path.replace("\\", "/")))


def _background(frames: list[Frame]) -> tuple[float, float, float]:
    first = next((frame.photo for frame in frames if frame.photo), None)
    return WHITE if first and photos.is_transparent(first) else BLACK


def _frames(path: Path, content: object) -> list[Frame]:
    with at(path.name):
        document = Record.of(content)
        frames = []
        for i, item in enumerate(document.items("frames")):
            with at(f"frames[{i}]"):
                frames.append(_frame(Record.of(item).over(document), path.parent, i))
        return frames


def _frame(record: Record, folder: Path, index: int) -> Frame:
    name, photo = f"frame {index:05}", None
    if record.has("file_path"):
        name = _name(record.text("file_path"))
        photo = photos.find(folder, name)
    width, height = _size(record, photo, name)
    matrix = record.matrix("transform_matrix", (4, 4), (3, 4))
    with at("transform_matrix"):
        check_last_row(matrix)
        viewmat = from_camera_to_world(matrix[:3, :3] @ OPENGL, matrix[:3, 3])
    centre = record.number("cx", 0.5 * width), record.number("cy", 0.5 * height)
    camera = Camera.pinhole(viewmat, _focal(record, width, height), centre, width, height)
    return Frame(name, camera, photo, _is_distorted(record))


def _size(record: Record, photo: Path | None, name: str) -> tuple[int, int]:
    """(width, height) in pixels."""
    if record.has("w") and record.has("h"):
        return record.pixels("w"), record.pixels("h")
    if photo is None:
        raise CameraError(f"has no w and h, and no photo {name} was found to take them from; add either")
    return photos.size(photo)


def _focal(record: Record, width: int, height: int) -> tuple[float, float]:
    """(x, y) focal lengths in pixels."""
    if record.has("fl_x"):
        focal = record.positive("fl_x")
        return focal, record.positive("fl_y") if record.has("fl_y") else focal
    if record.has("camera_angle_x"):
        focal = 0.5 * width / tan(0.5 * record.angle("camera_angle_x"))
        tall = record.has("camera_angle_y")
        return focal, 0.5 * height / tan(0.5 * record.angle("camera_angle_y")) if tall else focal
    raise CameraError("has neither fl_x nor camera_angle_x, here or at the top of the file; add one of them")


def _is_distorted(record: Record) -> bool:
    model = record.text("camera_model").upper() if record.has("camera_model") else "PERSPECTIVE"
    fisheye = "FISHEYE" in model or record.fields.get("is_fisheye") is True
    if not fisheye and model not in PERSPECTIVE:
        raise CameraError(f"camera_model is {model}, which is no pinhole; expected one of {', '.join(PERSPECTIVE)}")
    return fisheye or any(record.number(name, 0.0) for name in DISTORTION)
