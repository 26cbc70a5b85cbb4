"""A static site, or one file, that shows one stream."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from ralhe.bitstream import SUFFIX
from ralhe.core.instance import WASM
from ralhe.errors import RalheError
from ralhe.files import whole_file
from ralhe.web.first_look import FirstView
from ralhe.web.page import Settings, page_html, source, whole_page_html

FILES = ("viewer.js", "viewer.css", WASM.name)


class ExportError(RalheError):
    """A folder that an export must not write to."""


def export_site(folder: Path, data: bytes, name: str, view: FirstView | None) -> dict[str, int]:
    """Writes index.html, the stream under `name` and what they need; bytes by file.

    Each file appears when it is whole, index.html last. An earlier export is replaced. Raises ExportError where the
    folder holds anything else, OSError where it cannot be written.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / FILES[0]).is_file():
        raise ExportError("is not empty and no export; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    if not name.lower().endswith(SUFFIX):
        name = f"scene{SUFFIX}"
    settings = Settings(src=quote(name), wasm=WASM.name)
    if view is not None:
        settings["camera"] = view
    contents = {file: source(file).read_bytes() for file in FILES}
    contents[name] = data
    contents["index.html"] = page_html(settings).encode()
    for file, content in contents.items():
        _write(folder / file, content)
    return {file: len(content) for file, content in contents.items()}


def export_file(path: Path, data: bytes, name: str, view: FirstView | None) -> int:
    """Writes one HTML file that any browser opens without a host; its bytes. Raises OSError."""
    text = whole_page_html(data, name, view).encode()
    _write(path, text)
    return len(text)


def _write(path: Path, content: bytes) -> None:
    with whole_file(path) as stream:
        stream.write(content)
