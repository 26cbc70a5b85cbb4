"""Codecs x scenes x sizes, one row after the other; what a table holds already is not made again."""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch

from benchmarks import rows
from benchmarks.codec import WHOLE, Codec, Coded
from benchmarks.lock import held
from benchmarks.measures.quality import measure
from benchmarks.process import ROOT, ProgramError
from benchmarks.rows import DONE, Row
from benchmarks.scenes import Scene
from ralhe.errors import RalheError
from ralhe.rasteriser.gpu import drawing_device

RESULTS, STREAMS = "results.tsv", "streams.tsv"


@dataclass(frozen=True)
class Task:
    """What is asked of one codec on one scene."""

    scene: Scene
    codec: Codec
    sizes: tuple[str, ...]


@dataclass(frozen=True)
class Sweep:
    """Where rows go and what is told on the way."""

    out: Path  # folder of the tables
    again: bool
    tell: Callable[[Row], None]  # of each row as it is written
    lock: Path | None = None  # held by one process at a time while it works on a row

    def left(self, scenes: Sequence[Scene], choose: Callable[[Scene], Sequence[Codec]],
             sizes: Sequence[str]) -> list[Task]:  # fmt: skip
        """What the table does not hold; rows of missing tools are tried anew."""
        known = {} if self.again else {rows.key(r): r["status"] for r in rows.read(self.out / RESULTS)}
        tasks = []
        for scene in scenes:
            for codec in choose(scene):
                wanted = sizes if codec.sized else (WHOLE,)
                open_ = tuple(s for s in wanted if not _settled(known.get((scene.name, codec.name, s))))
                if open_ and codec.suits(scene):
                    tasks.append(Task(scene, codec, open_))
        return tasks

    def work(self, task: Task) -> None:
        """Makes the rows of a task. A failure of the codec becomes a row; Ctrl-C leaves those that are whole."""
        absent = task.codec.missing()
        if absent:
            for size in task.sizes:
                self._put(task, {"size": size, "status": absent})
            return
        open_ = set(task.sizes)
        with tempfile.TemporaryDirectory(prefix="ralhe-bench-") as folder:
            try:
                steps = task.codec.encode(task.scene, task.sizes, Path(folder))
                for coded in self._locked(steps):
                    with _held(self.lock):
                        self._put(task, self._row(task, coded, Path(folder)), coded)
                    open_.discard(coded.size)
            except (ProgramError, RalheError) as error:
                for size in sorted(open_):
                    self._put(task, {"size": size, "status": f"failed: {error}"})

    def _locked(self, steps: Iterator[Coded]) -> Iterator[Coded]:
        while True:
            with _held(self.lock):
                coded = next(steps, None)
            if coded is None:
                return
            yield coded

    def _row(self, task: Task, coded: Coded, folder: Path) -> Row:
        row = {"size": coded.size, "status": DONE, "note": coded.note}
        row |= {"encode_s": f"{coded.cost.seconds:.2f}", "encode_MB": f"{coded.cost.megabytes:.0f}"}
        if coded.file is None:
            return row | {"status": f"failed: {coded.note}", "note": ""}
        ply = folder / "decoded.ply"
        decoding = task.codec.decode(coded.file, ply)
        row |= {"bytes": str(coded.file.stat().st_size), **measure(task.scene, ply)}
        ply.unlink()
        return row | {"decode_s": f"{decoding.seconds:.2f}", "decode_MB": f"{decoding.megabytes:.0f}"}

    def _put(self, task: Task, found: Row, coded: Coded | None = None) -> None:
        row = {"scene": task.scene.name, "codec": task.codec.name, "commit": commit(), "machine": machine()}
        row |= {"load": f"{os.getloadavg()[0]:.1f}", "when": time.strftime("%Y-%m-%d %H:%M", time.gmtime())} | found
        rows.put(self.out / RESULTS, row)
        if coded is not None and coded.details:
            details = {name: row[name] for name in ("scene", "codec", "size", "commit")} | coded.details
            rows.put(self.out / STREAMS, details, rows.STREAM_COLUMNS)
        self.tell(row)


def _settled(status: str | None) -> bool:
    return status is not None and not status.startswith("missing")


@contextmanager
def _held(lock: Path | None) -> Iterator[None]:
    """Waits for a lock that other work on the machine takes too, so that times are not those of a crowd."""
    if lock is None:
        yield
        return
    lock.touch()
    with held(lock):
        yield


@cache
def commit() -> str:
    """Of this repository, with a mark where the code is not what the commit has."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", "src", ":(glob)benchmarks/**/*.py")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + ("+" if changed else "")


@cache
def machine() -> str:
    """Cores and kind of the processor, and the GPU where pictures are drawn by one."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text().splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        model = names[0] if names else model
    gpu = f", {torch.cuda.get_device_name()}" if drawing_device() == "cuda" else ""
    return f"{os.cpu_count()} x {model}{gpu}"
