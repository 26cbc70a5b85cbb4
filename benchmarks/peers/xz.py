"""The .ply under xz."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process import Cost, run
from benchmarks.scenes import Scene

ABSENT = "missing: xz, install with apt-get install xz-utils"


@dataclass(frozen=True)
class Xz:
    """At its usual level, 6."""

    name = "xz"
    suffix = ".ply.xz"

    def missing(self) -> str | None:
        return None if shutil.which("xz") else ABSENT

    def suits(self, scene: Scene) -> bool:
        return True

    def pack(self, ply: Path, file: Path) -> Cost:
        return run(["sh", "-c", 'xz --keep --stdout "$0" > "$1"', ply, file])

    def unpack(self, file: Path, ply: Path) -> Cost:
        return run(["sh", "-c", 'xz --decompress --keep --stdout "$0" > "$1"', file, ply])
