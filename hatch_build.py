"""Compiles the decoder core to WebAssembly while the package is built."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CORE = Path("src/ralhe/core")
FLAGS = [
    *("-target", "wasm32-freestanding", "-mcpu=generic+simd128+bulk_memory", "-O3", "-s", "-nostdlib"),
    "-ffp-contract=off",  # a fused multiply-add would round otherwise than WebAssembly does
    *("-Wall", "-Wextra", "-Wno-unused-function", "-Wl,--no-entry,--strip-all"),
]


def compile_core(root: Path) -> Path:
    """Builds core.wasm where it is missing or older than a source or this file; its path."""
    folder = root / CORE
    wasm, source = folder / "core.wasm", folder / "core.c"
    newest = max(p.stat().st_mtime for p in [*folder.glob("*.c"), *folder.glob("*.h"), Path(__file__)])
    if wasm.exists() and wasm.stat().st_mtime >= newest:
        return wasm
    unfinished = folder / f"core.{os.getpid()}.tmp"
    try:
        command = [sys.executable, "-m", "ziglang", "cc", *FLAGS, "-o", str(unfinished), str(source)]
        subprocess.run(command, check=True)
        unfinished.replace(wasm)
    finally:
        unfinished.unlink(missing_ok=True)
    return wasm


class CoreHook(BuildHookInterface):
    """Hatchling's hook: makes core.wasm part of the wheel, and of the source tree of an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        compile_core(Path(self.root))
        build_data["artifacts"].append(str(CORE / "core.wasm"))
