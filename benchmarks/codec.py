"""What the sweep asks of a codec."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from benchmarks.process import Cost
from benchmarks.scenes import Scene

WHOLE = "whole"
"""The size of a codec that takes none."""


@dataclass(frozen=True)
class Coded:
    """A file that a codec made, or why there is none."""

    size: str  # that was asked for
    file: Path | None
    cost: Cost
    note: str = ""
    details: dict[str, str] = field(default_factory=dict)  # of the stream, for a table of their own


class Codec(Protocol):
    """A way to make a scene smaller."""

    @property
    def name(self) -> str:
        """As rows call it."""

    @property
    def sized(self) -> bool:
        """Whether it can be asked for a size."""

    def missing(self) -> str | None:
        """The tool that is not there and how to install it, or None."""

    def suits(self, scene: Scene) -> bool:
        """Whether there is anything that it would do otherwise than the codec it derives from."""

    def encode(self, scene: Scene, sizes: Sequence[str], folder: Path) -> Iterator[Coded]:
        """Files in `folder`, one for each size, in any order."""

    def decode(self, file: Path, ply: Path) -> Cost:
        """Writes the scene in a file as .ply."""
