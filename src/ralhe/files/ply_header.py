"""What both .ply dialects share: opening a document without trusting it, and the tags in its comments."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import plyfile

from ralhe.errors import SceneError
from ralhe.gaussians import COORDINATES, Coordinates

MAGIC = b"ply"
HEADER_LIMIT = 1 << 20  # bytes; a header of degree 3 has about 1,500

Rows = npt.NDArray[np.void]

_PLAIN = bytes(range(128)) + b"?" * 128


@dataclass(frozen=True)
class Document:
    """A parsed .ply: rows of named properties per element, and its comments."""

    name: str  # of the file, it leads every message
    elements: dict[str, Rows]
    comments: list[str]

    def properties(self, element: str) -> tuple[str, ...]:
        """Names of the properties of an element; none where the element is absent."""
        return (self.elements[element].dtype.names or ()) if element in self.elements else ()


class Tags(NamedTuple):
    """What comments say of a scene; the last comment on a matter counts."""

    antialiased: bool = False
    coordinates: Coordinates = "unspecified"


def open_ply(path: Path) -> Document:
    """The parsed document; binary rows stay mapped to the file, text is read whole.

    Raises SceneError when the file is cut short, is not a .ply, or claims more rows than it has bytes for.
    """
    with path.open("rb", buffering=0) as file:
        head = file.read(HEADER_LIMIT)
        _check_claims(head, path)
        file.seek(0)
        stream = _PlainHeader(file, head.find(b"end_header"))
        try:
            parsed = plyfile.PlyData.read(io.BytesIO(stream.read()) if b"format ascii" in head else stream)
        except (plyfile.PlyParseError, ValueError, TypeError, MemoryError, OverflowError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise SceneError(f"{path.name}: not a whole .ply file ({reason}); export it again") from None
    comments = [*parsed.comments, *(comment for element in parsed for comment in element.comments)]
    return Document(path.name, {element.name: np.asarray(element.data) for element in parsed}, comments)


class _PlainHeader(io.BufferedReader):
    """A file whose header reads as ASCII, as the parser wants it: comments may name a Müller."""

    def __init__(self, raw: io.RawIOBase, header: int) -> None:
        """header: bytes of it."""
        super().__init__(raw)
        self._header = header

    def read(self, size: int | None = -1, /) -> bytes:
        """With a question mark for each byte of the header that is not ASCII."""
        left = max(self._header - self.tell(), 0)
        content = super().read(size)
        return content[:left].translate(_PLAIN) + content[left:] if left else content


def _check_claims(head: bytes, path: Path) -> None:
    """Refuse a header that would make the parser allocate more than a small multiple of the file."""
    size = path.stat().st_size
    values = rows = 0
    for line in head.replace(b"\r", b"\n").split(b"\n"):
        match line.split():
            case [b"end_header"]:
                return
            case [b"element", _, count]:
                rows = _row_count(count)
                values += rows
            case [b"property", *_]:
                values += rows
        if values > 2 * size:  # a value takes a byte at least, and each row counts as one value more
            raise SceneError(f"{path.name}: {size:,} bytes cannot hold the rows its header claims; export it again")
    raise SceneError(f"{path.name}: the .ply header has no end_header; export the file again")


def _row_count(word: bytes) -> int:
    """The count as the parser will take it; 0 for one that it will refuse."""
    try:
        return max(0, int(word))
    except ValueError:
        return 0


def read_tags(document: Document) -> Tags:
    """Tags in the comments of a document.

    Coordinates: `ralhe coordinates RUB`. Antialiased: `ralhe antialiased 1`, Postshot's `antialiased 1`, and
    `SplatRenderMode: mip` as Brush and splat-transform write it. Raises SceneError for coordinates that
    `Coordinates` does not list.
    """
    tags = Tags()
    for comment in document.comments:
        match comment.split():
            case ["ralhe", "coordinates", system]:
                if system not in COORDINATES:
                    known = ", ".join(COORDINATES)
                    raise SceneError(f"{document.name}: comment names coordinates {system!r}, expected one of {known}")
                tags = tags._replace(coordinates=system)
            case ["ralhe", "antialiased", flag] | ["antialiased", flag]:
                tags = tags._replace(antialiased=flag == "1")
            case [key, mode] if key.lower() == "splatrendermode:":
                tags = tags._replace(antialiased=mode.lower() == "mip")
    return tags


def tag_comments(tags: Tags) -> list[str]:
    """Header lines from which `read_tags` restores the tags; none for the defaults."""
    lines = []
    if tags.antialiased:
        lines += ["comment ralhe antialiased 1", "comment SplatRenderMode: mip"]
    if tags.coordinates != "unspecified":
        lines.append(f"comment ralhe coordinates {tags.coordinates}")
    return lines
