"""First looks at streams, made one at a time and remembered as long as the file stays the same."""

from __future__ import annotations

from pathlib import Path

import anyio

from ralhe import bitstream
from ralhe.errors import RalheError
from ralhe.web.first_look import NOTHING, FirstLook, can_draw, first_look

_State = tuple[int, int]


class Drawings:
    """Kept in memory: each takes some kB."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[_State, FirstLook]] = {}
        self._one = anyio.Lock()  # a drawing takes all cores

    async def of(self, path: Path) -> FirstLook:
        """The look at a stream; NOTHING where it is damaged, gone, or cannot be drawn."""
        known = self._remembered(path)
        if known is not None:
            return known
        async with self._one:
            known = self._remembered(path)  # another may have asked for the same
            if known is not None:
                return known
            state = _state(path)
            look = await anyio.to_thread.run_sync(_look_at, path)
            if state is not None:
                self._known[path] = state, look
            return look

    def _remembered(self, path: Path) -> FirstLook | None:
        state, look = self._known.get(path, (None, None))
        return look if state == _state(path) else None


def _state(path: Path) -> _State | None:
    """What changes when a file does; None for one that is gone."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size


def _look_at(path: Path) -> FirstLook:
    if not can_draw():
        return NOTHING
    try:
        data = path.read_bytes()
        return first_look(bitstream.decode(data, max_bytes=len(data)))  # of a cut stream, what is there
    except (RalheError, OSError):  # the page says what is wrong with the stream
        return NOTHING
