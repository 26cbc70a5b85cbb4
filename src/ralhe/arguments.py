"""What people give to functions, checked."""

from __future__ import annotations

import operator
from typing import SupportsIndex, overload

from ralhe.errors import CameraError, RalheError


@overload
def whole(name: str, value: SupportsIndex, error: type[RalheError]) -> int: ...
@overload
def whole(name: str, value: None, error: type[RalheError]) -> None: ...
def whole(name: str, value: SupportsIndex | None, error: type[RalheError]) -> int | None:
    """A whole number, numpy's among them, as an int; None stays. Raises `error`, naming the argument, for the rest."""
    try:
        return None if value is None else operator.index(value)
    except TypeError:
        raise error(f"{name} is {value!r}, expected a whole number") from None


def refuse_no_pixels(size: tuple[int, int]) -> None:
    """Raises CameraError for a width and height of which one is below 1."""
    if min(size) < 1:
        raise CameraError(f"size is {size[0]} x {size[1]} pixels, expected 1 or more of both")
