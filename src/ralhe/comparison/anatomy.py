"""Where the bytes of a stream go: by kind of section, and by level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ralhe.comparison.quality import SceneQuality, StreamLevel

KINDS = ("parameters", "geometry", "attributes", "container")
"""Kinds of sections in the order of their colours; another kind takes the next colour."""

BAR = 1000
"""Length of a whole stream as a bar, in the unit of the drawing."""


@dataclass(frozen=True)
class Part:
    """Bytes of one kind, as a stretch of a bar."""

    kind: str
    bytes: int
    share: float  # of the stream, 0 to 1
    colour: int
    start: float  # along BAR
    length: float


@dataclass(frozen=True)
class LevelParts:
    """One level, and its stretches of the bar of the stream: its bytes follow those of coarser levels."""

    level: StreamLevel
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Anatomy:
    """One stream taken apart."""

    stream_bytes: int  # of the whole stream
    whole: bool  # a file may hold only the beginning of its stream
    sections: tuple[Part, ...]
    levels: tuple[LevelParts, ...]

    @classmethod
    def of(cls, scene: SceneQuality) -> Self | None:
        """None where the file has no sections and no levels."""
        if not scene.sections and not scene.levels:
            return None
        total = max(sum(scene.sections.values()), *(level.prefix_bytes for level in scene.levels), 1)
        levels = tuple(LevelParts(level, _level_parts(level, total)) for level in scene.levels)
        return cls(total, scene.bytes >= total, _stretches(scene.sections, 0, total), levels)


def _level_parts(level: StreamLevel, total: int) -> tuple[Part, ...]:
    sizes = {"geometry": level.geometry_bytes, "attributes": level.attribute_bytes}
    return _stretches(sizes, level.prefix_bytes - sum(sizes.values()), total)


def _stretches(sizes: dict[str, int], start: int, total: int) -> tuple[Part, ...]:
    """One part after another from byte `start` of `total`."""
    order = (*KINDS, *(kind for kind in sizes if kind not in KINDS))
    parts = []
    for kind, size in sizes.items():
        place, length = round(BAR * start / total, 2), round(BAR * size / total, 2)
        parts.append(Part(kind, size, size / total, order.index(kind), place, length))
        start += size
    return tuple(parts)
