"""First views and thumbnails, each made once, one at a time, and remembered as long as the file stays the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import anyio

import ralhe
from ralhe.errors import RalheError
from ralhe.web.first_view import FirstView, first_view
from ralhe.web.thumbnail import thumbnail

T = TypeVar("T")
Key = tuple[Path, int, int]


class Drawings:
    """Kept in memory: a thumbnail takes some kB."""

    def __init__(self) -> None:
        self._views: dict[Key, FirstView | None] = {}
        self._thumbnails: dict[Key, bytes | None] = {}
        self._one = anyio.Lock()  # each takes all cores

    async def first_view(self, path: Path) -> FirstView | None:
        """Where to look at the stream from; None where nothing is known."""
        return await self._once(self._views, path, lambda data: first_view(ralhe.decode(data)))

    async def thumbnail(self, path: Path) -> bytes | None:
        """A WebP picture; None where the stream is not drawn."""
        return await self._once(self._thumbnails, path, thumbnail)

    async def _once(self, known: dict[Key, T | None], path: Path, make: Callable[[bytes], T | None]) -> T | None:
        async with self._one:
            state = path.stat()
            key = path, state.st_mtime_ns, state.st_size
            if key not in known:
                known[key] = await anyio.to_thread.run_sync(_tried, make, path)
            return known[key]


def _tried(make: Callable[[bytes], T | None], path: Path) -> T | None:
    try:
        return make(path.read_bytes())
    except (RalheError, OSError):  # the page says what is wrong with the stream
        return None
