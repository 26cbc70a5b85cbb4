"""A static site, or one file, that shows one stream."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, unquote

from ralhe.bitstream import SUFFIX
from ralhe.core.instance import WASM
from ralhe.errors import RalheError
from ralhe.files import whole_file
from ralhe.web.first_look import FirstView
from ralhe.web.folder import is_text
from ralhe.web.page import Settings, page_html, settings_of, source, whole_page_html

INDEX = "index.html"
FILES = ("viewer.js", "viewer.css", WASM.name)
DOMAIN = "CNAME"  # what a web host or a file manager puts beside an export: this, and names that begin with a dot


class ExportError(RalheError):
    """A folder that an export must not write to."""


def export_site(folder: Path, data: bytes, name: str, view: FirstView | None) -> dict[str, int]:
    """Writes index.html, the stream under `name` and what they need; bytes by file.

    Each file appears when it is whole, index.html last. An earlier export is replaced; an interrupted one leaves what
    was there before. Raises ExportError where the folder holds anything else, OSError where it cannot be written.
    """
    earlier = stream_of(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if not name.lower().endswith(SUFFIX) or not is_text(name):
        name = f"scene{SUFFIX}"
    settings = Settings(src=quote(name), wasm=WASM.name)
    if view is not None:
        settings["camera"] = view
    contents = {file: source(file).read_bytes() for file in FILES}
    contents[name] = data
    contents[INDEX] = page_html(settings).encode()
    made = [folder / file for file in contents if not (folder / file).exists()]
    try:
        for file, content in contents.items():
            _write(folder / file, content)
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        raise
    if earlier not in (None, name):
        (folder / earlier).unlink(missing_ok=True)
    return {file: len(content) for file, content in contents.items()}


def stream_of(folder: Path) -> str | None:
    """The stream that an earlier export of the folder shows. Raises ExportError where it holds anything else."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set[str]()
    names = {name for name in names if not name.startswith(".") and name != DOMAIN}
    settings = settings_of((folder / INDEX).read_text("utf-8", "replace")) if INDEX in names else None
    streams = {name for name in names if name.lower().endswith(SUFFIX)}
    if names and (settings is None or names - streams - {INDEX, *FILES}):
        raise ExportError("is not empty and no export; name another folder")
    shown = unquote(str(settings.get("src"))) if settings else None
    return shown if shown in streams else None


def export_file(path: Path, data: bytes, name: str, view: FirstView | None) -> int:
    """Writes one HTML file that any browser opens without a host; its bytes. Raises OSError."""
    text = whole_page_html(data, name, view).encode()
    _write(path, text)
    return len(text)


def _write(path: Path, content: bytes) -> None:
    with whole_file(path) as stream:
        stream.write(content)
