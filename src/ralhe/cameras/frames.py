"""Frames: what a reader of any dialect found about one picture, before it becomes a view."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ralhe.cameras.camera import Camera
from ralhe.cameras.views import View
from ralhe.errors import CameraError
from ralhe.files.notice import notice


@dataclass(frozen=True)
class Frame:
    """A picture that was taken, or is to be rendered, with `camera`."""

    name: str
    camera: Camera  # without the distortion of the lens
    photo: Path | None = None
    distorted: bool = False  # the lens bends lines, so the photo is not what `camera` sees


def views_of(frames: Sequence[Frame], source: str) -> tuple[View, ...]:
    """One view per frame, in order, under names of which no two are equal.

    source: name of the file, which leads the notices about photos that are missing or cannot be used.
    Raises CameraError where there are no frames.
    """
    if not frames:
        raise CameraError(f"{source}: holds no cameras")
    missing = sum(frame.photo is None for frame in frames)
    if 0 < missing < len(frames):
        notice(f"{source}: the photos of {missing} of {len(frames)} views were not found; they have cameras only")
    bent = sum(frame.distorted for frame in frames)
    if bent:
        notice(
            f"{source}: lens distortion is not modelled, so the photos of {bent} of {len(frames)} views are not "
            "used; undistort them with COLMAP's image_undistorter"
        )
    names = _distinct(frame.name for frame in frames)
    return tuple(
        View(name, frame.camera, None if frame.distorted else frame.photo)
        for name, frame in zip(names, frames, strict=True)
    )


def _distinct(names: Iterable[str]) -> Iterator[str]:
    """The names, with a number after those that came before."""
    taken: set[str] = set()
    copies: Counter[str] = Counter()
    for name in names:
        distinct = name
        while distinct in taken:
            copies[name] += 1
            distinct = f"{name} ({copies[name] + 1})"
        taken.add(distinct)
        yield distinct
