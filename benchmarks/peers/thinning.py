"""What a clever user does to reach a size: leave Gaussians out until the file fits."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

import ralhe
from benchmarks.codec import Coded
from benchmarks.peers import splat_transform
from benchmarks.peers.packer import Packer
from benchmarks.process import Cost, python
from benchmarks.scenes import Scene
from ralhe.sizes import parse_size

TRIES = 6
USUAL_BYTES = 20.0  # for a Gaussian, where nothing is packed yet
ENOUGH = 0.975  # of the size asked for
AIM = 0.992


@dataclass(frozen=True)
class Fitted:
    """The best file that a search found."""

    file: Path | None
    cost: Cost  # of the thinning and the packing that made it, not of the tries before
    count: int
    tries: int


def search(thin: Callable[[int, Path], Cost], packer: Packer, count: int, each: float, wanted: int,
           folder: Path) -> Fitted:  # fmt: skip
    """The most Gaussians, of `count` that take about `each` bytes, whose file has at most `wanted` bytes.

    Files grow nearly in a straight line with what is in them, so a handful of tries will do.
    """
    best = Fitted(None, Cost(0, 0), 0, 0)
    guess, tried = AIM * wanted / each, {0: 0}
    for attempt in range(1, TRIES + 1):
        n = max(1, min(count, round(guess)))
        if n in tried or (best.count and n <= best.count):
            break
        ply, file = folder / f"{n}.ply", folder / f"{n}{packer.suffix}"
        cost = thin(n, ply)
        cost += packer.pack(ply, file)
        ply.unlink()
        size = file.stat().st_size
        if size <= wanted:
            best = Fitted(file, cost, n, attempt)
        if ENOUGH * wanted <= size <= wanted or (size <= wanted and n == count):
            break
        guess = _straight(tried, n, size, AIM * wanted)
        tried[n] = size
    return best


def _straight(tried: dict[int, int], count: int, size: int, wanted: float) -> float:
    """The count at which a line through a try and the one before it, of those already tried, meets the size."""
    before, size_before = list(tried.items())[-1]
    each = (size - size_before) / (count - before)
    return count + (wanted - size) / each if each > 0 else count * wanted / size


class ByDecimation:
    """splat-transform --decimate."""

    name = "decimate"

    def missing(self) -> str | None:
        return splat_transform.absence()

    def thinner(self, scene: Scene) -> tuple[Callable[[int, Path], Cost], int]:
        """How to thin, and the Gaussians that there are."""
        return lambda count, out: splat_transform.decimate(scene.ply, count, out), len(scene.gaussians)


class ByImportance:
    """The Gaussians that pictures show most, as ralhe itself chooses them."""

    name = "prune"

    def missing(self) -> str | None:
        return None

    def thinner(self, scene: Scene) -> tuple[Callable[[int, Path], Cost], int]:
        """How to thin, and the Gaussians that there are to choose from."""
        order, looking = _look(scene)

        def thin(count: int, out: Path) -> Cost:
            ralhe.write(out, scene.gaussians.take(np.sort(order[:count])))
            return looking

        return thin, len(order)


@cache
def _look(scene: Scene) -> tuple[npt.NDArray[np.intp], Cost]:
    """Gaussians by falling worth, and what it took to know: once for all packers, counted for each."""
    with tempfile.TemporaryDirectory() as folder:
        order = Path(folder) / "order.npy"
        cost = python("benchmarks.peers.worth", scene.ply, order)
        return np.load(order), cost


@dataclass(frozen=True)
class Thinned:
    """A packer of what is left after thinning."""

    by: ByDecimation | ByImportance
    packer: Packer
    sized: bool = field(default=True, init=False)

    @property
    def name(self) -> str:
        return f"{self.by.name}+{self.packer.name}"

    def missing(self) -> str | None:
        return self.by.missing() or self.packer.missing()

    def suits(self, scene: Scene) -> bool:
        return self.packer.suits(scene)

    def encode(self, scene: Scene, sizes: Sequence[str], folder: Path) -> Iterator[Coded]:
        thin, count = self.by.thinner(scene)
        each = USUAL_BYTES
        for size in sizes:
            found = search(thin, self.packer, count, each, parse_size(size), folder)
            if found.file:
                each = found.file.stat().st_size / found.count
            note = f"{found.count} Gaussians, try {found.tries}" if found.file else "no file that small was found"
            yield Coded(size, found.file, found.cost, note)

    def decode(self, file: Path, ply: Path) -> Cost:
        return self.packer.unpack(file, ply)
