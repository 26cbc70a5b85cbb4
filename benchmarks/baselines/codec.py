"""The designs of papers as codecs of the sweep."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.codec import Codec, Coded
from benchmarks.process import Cost, python
from benchmarks.scenes import Scene

PROGRAM = "benchmarks.baselines.program"


@dataclass(frozen=True)
class Baseline:
    """A design; pruned: the scene is thinned for each size as ralhe thins it, which no paper did."""

    design: str
    pruned: bool = False
    sized: bool = field(default=True, init=False)

    @property
    def name(self) -> str:
        return f"{'prune+' if self.pruned else ''}{self.design}"

    def missing(self) -> str | None:
        return None

    def suits(self, scene: Scene) -> bool:
        return True

    def encode(self, scene: Scene, sizes: Sequence[str], folder: Path) -> Iterator[Coded]:
        """One process prepares all sizes, one codes them; seconds are those until the file was whole."""
        models, preparing = _prepare(scene, tuple(sizes), self.pruned)
        cost = python(PROGRAM, "encode", self.design, models, folder, ",".join(sizes))
        for known in map(json.loads, cost.output.splitlines()):
            until = Cost(known["seconds"], max(cost.megabytes, preparing.megabytes))
            if "failure" in known:
                yield Coded(known["size"], None, until, known["failure"])
            else:
                yield Coded(known["size"], folder / f"{known['size']}.{self.design}", until, known["note"])

    def decode(self, file: Path, ply: Path) -> Cost:
        return python(PROGRAM, "decode", file, ply)


@cache
def _kept() -> TemporaryDirectory[str]:
    """For models that both designs start from, while this process lasts: retraining is most of the work."""
    return TemporaryDirectory(prefix="ralhe-bench-models-")


@cache
def _prepare(scene: Scene, sizes: tuple[str, ...], pruned: bool) -> tuple[Path, Cost]:
    out = Path(_kept().name) / f"{scene.name}-{'-'.join(sizes)}{'-pruned' * pruned}.pickle"
    return out, python(PROGRAM, "prepare", scene.ply, out, ",".join(sizes), *(["pruned"] if pruned else []))


BASELINES: tuple[Codec, ...] = (
    Baseline("gpcc"), Baseline("gpcc", pruned=True), Baseline("paper"), Baseline("paper", pruned=True)
)  # fmt: skip
