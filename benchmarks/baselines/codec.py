"""The designs of papers as codecs of the sweep."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

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
        """One process makes all sizes; seconds are those from its start until the file was whole."""
        options = ["pruned"] if self.pruned else []
        cost = python(PROGRAM, "encode", self.design, scene.ply, folder, ",".join(sizes), *options)
        for known in map(json.loads, cost.output.splitlines()):
            until = Cost(known["seconds"], cost.megabytes)
            if "failure" in known:
                yield Coded(known["size"], None, until, known["failure"])
            else:
                yield Coded(known["size"], folder / f"{known['size']}.{self.design}", until, known["note"])

    def decode(self, file: Path, ply: Path) -> Cost:
        return python(PROGRAM, "decode", file, ply)


BASELINES: tuple[Codec, ...] = (
    Baseline("gpcc"), Baseline("gpcc", pruned=True), Baseline("paper"), Baseline("paper", pruned=True)
)  # fmt: skip
