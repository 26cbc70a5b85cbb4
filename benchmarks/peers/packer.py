"""A tool that packs a scene as it is: it takes no size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.codec import Coded
from benchmarks.process import Cost
from benchmarks.scenes import Scene


class Packer(Protocol):
    """Packs and unpacks .ply files."""

    @property
    def name(self) -> str:
        """As rows call it."""

    @property
    def suffix(self) -> str:
        """Of the files that it makes."""

    def missing(self) -> str | None:
        """The tool that is not there and how to install it, or None."""

    def suits(self, scene: Scene) -> bool:
        """False where it would do as another packer does."""

    def pack(self, ply: Path, file: Path) -> Cost:
        """Writes the scene as the packer stores it."""

    def unpack(self, file: Path, ply: Path) -> Cost:
        """And back."""


@dataclass(frozen=True)
class Whole:
    """A packer as a codec: the whole scene, whatever comes of it."""

    packer: Packer
    sized = False

    @property
    def name(self) -> str:
        return self.packer.name

    def missing(self) -> str | None:
        return self.packer.missing()

    def suits(self, scene: Scene) -> bool:
        return self.packer.suits(scene)

    def encode(self, scene: Scene, sizes: Sequence[str], folder: Path) -> Iterator[Coded]:
        file = folder / f"whole{self.packer.suffix}"
        yield Coded(sizes[0], file, self.packer.pack(scene.ply, file))

    def decode(self, file: Path, ply: Path) -> Cost:
        return self.packer.unpack(file, ply)
