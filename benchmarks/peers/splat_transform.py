"""PlayCanvas's splat-transform: SPZ, SOG, compressed.ply and thinning."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process import ROOT, Cost, run
from benchmarks.scenes import Scene

BIN = ROOT / "benchmarks" / "node_modules" / ".bin"
PROGRAM = "splat-transform"
ABSENT = "missing: splat-transform, install with (cd benchmarks && npm install --force)"


def absence() -> str | None:
    """Why splat-transform cannot be used, or None."""
    return None if shutil.which(PROGRAM, path=str(BIN)) or shutil.which(PROGRAM) else ABSENT


def transform(*arguments: str | Path) -> Cost:
    """Runs it on the CPU; its own node comes before that of the machine."""
    return run([PROGRAM, "--quiet", "--overwrite", "--gpu", "cpu", *arguments], path=str(BIN))


def version() -> Cost:
    """Runs it for nothing but its start."""
    return run([PROGRAM, "--version"], path=str(BIN))


def decimate(ply: Path, count: int, out: Path) -> Cost:
    """Writes `ply` with about `count` Gaussians to `out`."""
    return transform(ply, "--decimate", str(count), out)


@dataclass(frozen=True)
class SplatTransform:
    """One of its formats."""

    name: str
    suffix: str
    cut: bool = False  # drops the harmonics

    def missing(self) -> str | None:
        return absence()

    def suits(self, scene: Scene) -> bool:
        return not self.cut or scene.gaussians.sh_degree > 0

    def pack(self, ply: Path, file: Path) -> Cost:
        return transform(ply, *(["--filter-harmonics", "0"] if self.cut else []), file)

    def unpack(self, file: Path, ply: Path) -> Cost:
        return transform(file, ply)


SPZ = SplatTransform("spz", ".spz")
SPZ_CUT = SplatTransform("spz-sh0", ".spz", cut=True)
SOG = SplatTransform("sog", ".sog")
SOG_CUT = SplatTransform("sog-sh0", ".sog", cut=True)
COMPRESSED_PLY = SplatTransform("compressed.ply", ".compressed.ply")
