"""cameras.txt and images.txt of COLMAP, after its doc/format.rst."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ralhe.cameras.colmap_records import MODELS, Image, Lens
from ralhe.cameras.places import at
from ralhe.errors import CameraError

BY_NAME = {model.name: model for model in MODELS}


def read_lenses(path: Path) -> dict[int, Lens]:
    """The lenses by number. Raises CameraError, naming the line, when the file is damaged."""
    lenses = {}
    for number, line in _lines(path):
        if line.strip():
            with _line(path, number, "CAMERA_ID MODEL WIDTH HEIGHT PARAMETERS"):
                key, model, width, height, *parameters = line.split()
                if model not in BY_NAME:
                    raise CameraError(f"model {model} is unknown; undistort with COLMAP's image_undistorter")
                values = [float(value) for value in parameters]
                lenses[int(key)] = Lens.of(BY_NAME[model], int(width), int(height), values)
    return lenses


def read_images(path: Path) -> list[Image]:
    """The images in file order. Raises CameraError, naming the line, when the file is damaged."""
    images = []
    lines = _lines(path)
    for number, line in lines:
        if line.strip():
            with _line(path, number, "IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME"):
                _, qw, qx, qy, qz, tx, ty, tz, lens, name = line.strip().split(maxsplit=9)
                quaternion, translation = map(float, (qw, qx, qy, qz)), map(float, (tx, ty, tz))
                images.append(Image(name, int(lens), tuple(quaternion), tuple(translation)))
            next(lines, None)  # the points of the image, an empty line where it has none
    return images


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """(number, line) without the comments."""
    with path.open(encoding="utf-8", errors="surrogateescape") as stream:
        for number, line in enumerate(stream, 1):
            if not line.startswith("#"):
                yield number, line


@contextmanager
def _line(path: Path, number: int, expected: str) -> Iterator[None]:
    with at(f"{path.name}: line {number}"):
        try:
            yield
        except ValueError as error:
            raise CameraError(f"is not {expected}; export the model again") from error
