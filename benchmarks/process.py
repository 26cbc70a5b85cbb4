"""Runs a program and says what it took: seconds, and the peak memory of the whole process.

A program inherits the peak of the process that starts it, so a small process of its own starts each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LAUNCH = """
import json, os, sys, time
began = time.monotonic()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
found = {"seconds": time.monotonic() - began, "peak": usage.ru_maxrss, "code": os.waitstatus_to_exitcode(status)}
json.dump(found, open(sys.argv[1], "w"))
"""
ROOT = Path(__file__).parents[1]
LAST_WORDS = 200  # characters of a failure that are kept


class ProgramError(Exception):
    """A program that failed; its last line says why."""


@dataclass(frozen=True)
class Cost:
    """What a process took, its start included."""

    seconds: float
    megabytes: float  # resident, at the peak
    output: str = ""  # of standard output

    def __add__(self, other: Cost) -> Cost:
        """One after the other."""
        return Cost(self.seconds + other.seconds, max(self.megabytes, other.megabytes), self.output + other.output)


def run(command: Sequence[str | Path], path: str | None = None) -> Cost:
    """Runs a command in the root of the repository. path: folder to look for programs in first.

    Raises ProgramError where it fails.
    """
    environment = dict(os.environ)
    if path:
        environment["PATH"] = f"{path}{os.pathsep}{environment['PATH']}"
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.json"
        launcher = [sys.executable, "-S", "-E", "-c", LAUNCH, str(found), *map(str, command)]
        result = subprocess.run(launcher, cwd=ROOT, env=environment, capture_output=True, text=True)
        if result.returncode:
            raise ProgramError(_last_line(result.stderr) or f"{command[0]} could not be started")
        cost = json.loads(found.read_text())
    if cost["code"]:
        raise ProgramError(f"{Path(command[0]).name} ended with {cost['code']}: {_last_line(result.stderr)}")
    return Cost(cost["seconds"], cost["peak"] / 1000, result.stdout)


def python(module: str, *arguments: str | Path) -> Cost:
    """Runs a module of the benchmarks in a process of its own."""
    return run([sys.executable, "-m", module, *arguments])


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:LAST_WORDS] if lines else ""
