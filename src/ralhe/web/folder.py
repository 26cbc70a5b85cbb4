"""The streams of a folder, and no other file of the machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ralhe.bitstream import MOST_HEADER, SUFFIX, info
from ralhe.core import StreamInfo
from ralhe.errors import BitstreamError


@dataclass(frozen=True)
class Scene:
    """One stream of the folder."""

    name: str  # relative to the folder, with /
    path: Path
    size: int  # bytes
    info: StreamInfo | None  # None where the header is damaged

    @property
    def address(self) -> str:
        """The name as a part of a URL."""
        return quote(self.name)


class Folder:
    """A folder whose `.ralhe` files may be seen; or one file of it alone."""

    most_listed = 1000

    def __init__(self, root: Path, only: str | None = None) -> None:
        """only: name of the file, whatever it is called and wherever it links to. Raises OSError."""
        self._root = root.resolve(strict=True)
        self._only = {only: (root / only).resolve(strict=True)} if only else None

    @property
    def name(self) -> str:
        """What the folder is called."""
        return self._root.name

    def find(self, name: str) -> Path | None:
        """The stream of that name; None where there is none, it is hidden, or it lies outside of the folder."""
        if self._only is not None:
            return self._only.get(name)
        parts = name.split("/")
        if not name.lower().endswith(SUFFIX) or any(part.startswith(".") or not part for part in parts):
            return None
        if (os.sep != "/" and os.sep in name) or "\0" in name:
            return None
        try:
            path = self._root.joinpath(*parts).resolve(strict=True)
        except (OSError, RuntimeError, ValueError):
            return None
        return path if path.is_relative_to(self._root) and path.is_file() else None

    def scenes(self) -> list[Scene]:
        """All streams below the folder that can be read, by name; `most_listed` of them at most.

        Links to folders are not followed.
        """
        found: list[Scene] = []
        for where, folders, names in os.walk(self._root):
            folders[:] = sorted(folder for folder in folders if not folder.startswith("."))
            for file in sorted(names):
                name = (Path(where) / file).relative_to(self._root).as_posix()
                path = self.find(name) if is_text(name) else None
                scene = _scene(name, path) if path else None
                if scene is not None:
                    found.append(scene)
                if len(found) == self.most_listed:
                    return found
        return found


def _scene(name: str, path: Path) -> Scene | None:
    """None for a file that may not be read, or is gone."""
    try:
        with path.open("rb") as stream:
            head = stream.read(MOST_HEADER)
        size = path.stat().st_size
    except OSError:
        return None
    try:
        return Scene(name, path, size, info(head))
    except BitstreamError:
        return Scene(name, path, size, None)


def is_text(name: str) -> bool:
    """Whether the name of a file is UTF-8, as addresses have it."""
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False
