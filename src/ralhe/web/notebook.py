"""A scene inside a notebook."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from pathlib import Path

from ralhe import bitstream
from ralhe.errors import SceneError
from ralhe.gaussians import Gaussians
from ralhe.sizes import DEFAULT_SIZE
from ralhe.verbs import encode, read
from ralhe.web.first_look import first_view
from ralhe.web.page import whole_page_html

LOWEST = 120  # pixels


@dataclass(frozen=True)
class Shown:
    """What Jupyter and its kin display: the viewer's page in a frame of its own, the stream inside."""

    page: str = field(repr=False)  # HTML
    height: int  # pixels
    name: str

    def _repr_html_(self) -> str:
        title, page = html.escape(f"{self.name} in the viewer of ralhe"), html.escape(self.page)
        style = f"width: 100%; height: {self.height}px; border: 0; border-radius: 6px"
        return f'<iframe title="{title}" style="{style}" sandbox="allow-scripts" srcdoc="{page}"></iframe>'


def show(scene: Gaussians | bytes | str | Path, *, height: int = 480, size: int = DEFAULT_SIZE) -> Shown:
    """The viewer in a notebook cell: the page of `ralhe view`, without a server.

    scene: a .ralhe file or the bytes of one, as they are; Gaussians, or a file of another format, are encoded first
    with preset "fast", which takes minutes and the `encode` extra. height: of the cell, pixels. size: of that encode,
    bytes. The notebook keeps all of it: the stream and a page of 1.1 MB, a third more as text.

        ralhe.show("scene.ralhe")

    Raises SceneError or BitstreamError for bad content, OSError where a file cannot be read.
    """
    if height < LOWEST:
        raise SceneError(f"height is {height} pixels, expected {LOWEST} or more")
    name, data = _stream_of(scene, size)
    gaussians = bitstream.decode(data, max_bytes=len(data))
    return Shown(whole_page_html(data, name, first_view(gaussians)), height, name)


def _stream_of(scene: Gaussians | bytes | str | Path, size: int) -> tuple[str, bytes]:
    """Name and bytes of the stream."""
    if isinstance(scene, bytes | bytearray | memoryview):
        return "scene.ralhe", bytes(scene)
    if isinstance(scene, Gaussians):
        return "scene", encode(scene, size=size, preset="fast")
    path = Path(scene)
    if bitstream.is_stream(path):
        return path.name, path.read_bytes()
    return path.name, encode(read(path), size=size, preset="fast")
