"""cameras.bin and images.bin of COLMAP. Little endian, after its doc/format.rst and scene/reconstruction_io.cc."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ralhe.cameras.colmap_records import MODELS, Image, Lens
from ralhe.cameras.places import at
from ralhe.errors import CameraError

COUNT = struct.Struct("<Q")
LENS = struct.Struct("<IiQQ")  # number, model, width, height; its parameters follow as doubles
IMAGE = struct.Struct("<I7dI")  # number, quaternion, translation, lens; its name follows up to a 0
POINT_BYTES = 24  # x, y as doubles, number of the 3D point: not needed here


@dataclass
class Cursor:
    """A place in a file, which never moves past its end."""

    data: mmap.mmap
    at: int = 0

    def take(self, layout: struct.Struct) -> tuple[int | float, ...]:
        """The values here."""
        start = self.at
        self.skip(layout.size)
        return layout.unpack_from(self.data, start)

    def count(self, least: int) -> int:
        """A number of things of which each takes `least` bytes of what follows."""
        count = int(self.take(COUNT)[0])
        if count * least > len(self.data) - self.at:
            raise CameraError(f"claims {count} records at byte {self.at}, more than fit; copy the file again")
        return count

    def text(self) -> str:
        """The text here, up to a 0."""
        start, end = self.at, self.data.find(b"\0", self.at)
        self.skip(end + 1 - start if end >= 0 else len(self.data))
        return self.data[start:end].decode("utf-8", "surrogateescape")

    def skip(self, size: int) -> None:
        """Moves on by `size` bytes."""
        if size > len(self.data) - self.at:
            raise CameraError(f"ends at byte {len(self.data)}, in the middle of a record; copy the file again")
        self.at += size


def read_lenses(path: Path) -> dict[int, Lens]:
    """The lenses by number. Raises CameraError when the file is damaged."""
    lenses = {}
    with _opened(path) as cursor:
        for _ in range(cursor.count(LENS.size)):
            number, model, width, height = (int(value) for value in cursor.take(LENS))
            with at(f"camera {number}"):
                if not 0 <= model < len(MODELS):
                    raise CameraError(f"model {model} is unknown; undistort with COLMAP's image_undistorter")
                parameters = cursor.take(struct.Struct(f"<{MODELS[model].parameters}d"))
                lenses[number] = Lens.of(MODELS[model], width, height, parameters)
    return lenses


def read_images(path: Path) -> list[Image]:
    """The images in file order. Raises CameraError when the file is damaged."""
    images = []
    with _opened(path) as cursor:
        for _ in range(cursor.count(IMAGE.size + 1 + COUNT.size)):
            _, *pose, lens = cursor.take(IMAGE)
            images.append(Image(cursor.text(), int(lens), tuple(pose[:4]), tuple(pose[4:])))
            cursor.skip(POINT_BYTES * cursor.count(POINT_BYTES))
    return images


@contextmanager
def _opened(path: Path) -> Iterator[Cursor]:
    """The start of a file; the points that a large one mostly consists of are never read."""
    with at(path.name), path.open("rb") as stream:
        if not path.stat().st_size:
            raise CameraError("is empty; copy the file again")
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield Cursor(data)
