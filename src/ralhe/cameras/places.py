"""Where in a file an error lies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ralhe.errors import CameraError


@contextmanager
def at(place: str) -> Iterator[None]:
    """Puts the file or the place in it, outermost first, before every CameraError of the block."""
    try:
        yield
    except CameraError as error:
        raise CameraError(f"{place}: {error}") from error.__cause__
