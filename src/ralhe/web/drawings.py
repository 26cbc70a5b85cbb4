"""First looks at streams, made one at a time and remembered as long as the file stays the same."""

from __future__ import annotations

from pathlib import Path

import anyio

import ralhe
from ralhe.errors import RalheError
from ralhe.web.first_look import NOTHING, FirstLook, can_draw, first_look


class Drawings:
    """Kept in memory: each takes some kB."""

    def __init__(self) -> None:
        self._known: dict[tuple[Path, int, int], FirstLook] = {}
        self._one = anyio.Lock()  # a drawing takes all cores

    async def of(self, path: Path) -> FirstLook:
        """The look at a stream; NOTHING where it is damaged, gone, or cannot be drawn."""
        async with self._one:
            try:
                state = path.stat()
            except OSError:
                return NOTHING
            key = path, state.st_mtime_ns, state.st_size
            if key not in self._known:
                self._known[key] = await anyio.to_thread.run_sync(_look_at, path)
            return self._known[key]


def _look_at(path: Path) -> FirstLook:
    if not can_draw():
        return NOTHING
    try:
        data = path.read_bytes()
        return first_look(ralhe.decode(data, max_bytes=len(data)))  # of a cut stream, what is there
    except (RalheError, OSError):  # the page says what is wrong with the stream
        return NOTHING
