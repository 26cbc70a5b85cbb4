"""How long ralhe takes, beside others in the same run: python -m benchmarks.speed --help."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

import ralhe
from benchmarks import rows
from benchmarks.peers import splat_transform
from benchmarks.process import ROOT, python, run
from benchmarks.results import FOLDER
from benchmarks.rows import Row
from benchmarks.sweep import commit, machine
from ralhe import files
from ralhe.gaussians import Gaussians

COMMON = ("commit", "machine", "when")
DECODING = ("scene", "decoder", "gaussians", "bytes", "ms", "gaussians_per_s", "ns_per_symbol", "what", *COMMON)
ENCODED = ("against", "gaussians", "pixels", "size")  # what tells encodes apart
ENCODING = (*ENCODED, "seconds", "MB", *COMMON)
STARTUP = ("command", "seconds", "MB", *COMMON)
RUNS = 5
GOLDEN = ROOT / "tests" / "golden" / "sh0.ralhe"
COUNTS = "50000,100000,200000,500000,1000000"
PIXELS = "200x150,400x300,800x600"
JITTER = 1e-3  # of the box of a scene, between a Gaussian and its double
OUT = click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=FOLDER, help="For the tables.")


@click.group()
def main() -> None:
    """Measure times. Every row says the commit and the machine; other work on the machine shows in all of them.

    \b
    python -m benchmarks.speed decode guitar-500kB.ralhe pod-500kB.ralhe
    python -m benchmarks.speed encode playbot.ply --counts 50000,100000,200000
    python -m benchmarks.speed startup
    """


@main.command()
@click.argument("streams", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@OUT
def decode(streams: tuple[Path, ...], out: Path) -> None:
    """Decode STREAMS, and the same Gaussians as SPZ and SOG: the best of five runs."""
    found = [row for stream in tqdm(streams, unit="stream", disable=None) for row in _decoding(stream)]
    _write(out / "decoding.tsv", found, DECODING)


@main.command()
@click.argument("scene", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--counts", default=COUNTS, show_default=True, help="Gaussians, by leaving out and by doubling.")
@click.option("--pixels", default=PIXELS, show_default=True, help="Pictures to look at, for the first count.")
@click.option("--size", default="500kB", show_default=True)
@OUT
def encode(scene: Path, counts: str, pixels: str, size: str, out: Path) -> None:
    """Encode SCENE with preset fast at several numbers of Gaussians and of pixels; rows come one by one, each in the
    place of an older one of the same kind."""
    gaussians = ralhe.read(scene)
    numbers = [int(count) for count in counts.split(",") if count]
    tasks = [("Gaussians", count, "") for count in numbers]
    tasks += [("pixels", numbers[0], side) for side in pixels.split(",") if side and numbers]
    table = out / "encoding.tsv"
    for against, count, side in tqdm(tasks, unit="encode", disable=None):
        with tempfile.TemporaryDirectory() as folder:
            ply = Path(folder) / "scene.ply"
            ralhe.write(ply, of_count(gaussians, count))
            cost = python("benchmarks.speed_encode", ply, size, *([side] if side else []))
        row = {"against": against, "gaussians": str(count), "pixels": side or "as planned", "size": size}
        row |= {"seconds": f"{cost.seconds:.1f}", "MB": f"{cost.megabytes:.0f}"} | _common()
        rows.put(table, row, ENCODING, ENCODED)
        _print(row, ENCODING)


@main.command()
@OUT
def startup(out: Path) -> None:
    """Run the shortest commands."""
    program = str(Path(sys.executable).with_name("ralhe"))
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            'python -c "import ralhe"': [sys.executable, "-c", "import ralhe"],
            "ralhe --help": [program, "--help"],
            "ralhe info (3,000 Gaussians)": [program, "info", str(GOLDEN)],
            "ralhe decode (3,000 Gaussians)": [program, "decode", str(GOLDEN), f"{folder}/out.ply"],
        }
        found = []
        for name, command in commands.items():
            best = min((run(command) for _ in range(RUNS)), key=lambda cost: cost.seconds)
            row = {"command": name, "seconds": f"{best.seconds:.3f}", "MB": f"{best.megabytes:.0f}"}
            found.append(row | _common())
    _write(out / "startup.tsv", found, STARTUP)


def of_count(gaussians: Gaussians, count: int) -> Gaussians:
    """So many of a scene's Gaussians at random, or all and doubles of them beside."""
    random, n = np.random.default_rng(0), len(gaussians)
    if count <= n:
        return gaussians.take(np.sort(random.permutation(n)[:count]))
    more = gaussians.take(np.arange(count) % n)
    low, high = gaussians.bounding_box
    moved = random.normal(scale=JITTER, size=(count, 3)) * (high - low)
    moved[:n] = 0
    return replace(more, positions=(more.positions + moved).astype(np.float32))


def _decoding(stream: Path) -> Iterator[Row]:
    data = stream.read_bytes()
    decoded = ralhe.decode(data)
    channels = 10 + 3 * (decoded.sh.shape[1] - 1)
    with tempfile.TemporaryDirectory() as folder:
        ply, spz, older, sog = (Path(folder) / name for name in ("a.ply", "a.spz", "b.spz", "a.sog"))
        ralhe.write(ply, decoded)

        def row(name: str, what: str, seconds: float, size: int, symbols: int = 0) -> Row:
            values = (stream.stem, name, str(len(decoded)), str(size), f"{1e3 * seconds:.1f}")
            speed = f"{len(decoded) / seconds:.0f}", f"{1e9 * seconds / symbols:.0f}" if symbols else ""
            return dict(zip(DECODING, (*values, *speed, what), strict=False)) | _common()

        ours = _best(lambda: ralhe.decode(data))
        yield row("ralhe", "in memory", ours, len(data), channels * len(decoded))
        if splat_transform.absence():
            yield {"scene": stream.stem, "decoder": "splat-transform", "what": splat_transform.ABSENT} | _common()
            return
        for file in (spz, sog):
            splat_transform.transform(ply, file)
        start = min(splat_transform.version().seconds for _ in range(RUNS))
        splat_transform.transform(ply, "--spz-version", "3", older)  # version 4 needs zstd, which Python has from 3.14
        yield row("ralhe's reader of SPZ", "file to memory", _best(lambda: files.read(older)), older.stat().st_size)
        if find_spec("gsply"):
            from gsply import read_spz

            yield row("gsply, SPZ", "file to memory", _best(lambda: read_spz(older)), older.stat().st_size)
        for file in (spz, sog):
            name = f"splat-transform, {file.suffix[1:].upper()}"
            took = min(splat_transform.transform(file, ply).seconds for _ in range(RUNS))
            yield row(name, "process less its start, writes a .ply", max(took - start, 1e-3), file.stat().st_size)


def _best(work: Callable[[], object]) -> float:
    """Seconds of the quickest of RUNS after a first: the one that other processes disturbed least."""
    work()
    seconds = []
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def _common() -> Row:
    return {"commit": commit(), "machine": machine(), "when": time.strftime("%Y-%m-%d %H:%M", time.gmtime())}


def _write(path: Path, found: list[Row], columns: tuple[str, ...]) -> None:
    """Writes a table, and prints it."""
    rows.write(path, found, columns)
    for row in found:
        _print(row, columns)


def _print(row: Row, columns: tuple[str, ...]) -> None:
    print(*(row.get(name, "") for name in columns[: -len(COMMON)]), sep="\t")


if __name__ == "__main__":
    main()
