"""SPZ as gsply writes it, for those who stay in Python."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks.process import Cost, run
from benchmarks.scenes import Scene

ABSENT = "missing: gsply, install with pip install -r benchmarks/requirements.txt"
PACK = "import sys, gsply; gsply.write_spz(sys.argv[2], gsply.plyread(sys.argv[1]))"
UNPACK = "import sys, gsply; gsply.plywrite(sys.argv[2], gsply.read_spz(sys.argv[1]))"


@dataclass(frozen=True)
class Gsply:
    """Its SPZ."""

    name = "spz-gsply"
    suffix = ".spz"

    def missing(self) -> str | None:
        return None if find_spec("gsply") else ABSENT

    def suits(self, scene: Scene) -> bool:
        return True

    def pack(self, ply: Path, file: Path) -> Cost:
        return run([sys.executable, "-c", PACK, ply, file])

    def unpack(self, file: Path, ply: Path) -> Cost:
        return run([sys.executable, "-c", UNPACK, file, ply])
