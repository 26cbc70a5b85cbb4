"""Counts the instructions that the decoder core takes for the golden streams.

    python -m benchmarks.callgrind.count            counts and compares with instructions.tsv
    python -m benchmarks.callgrind.count --store    and writes instructions.tsv anew

Needs valgrind (apt-get install valgrind) and ziglang (benchmarks/requirements.txt). The native build is made by the
compiler that makes the wasm, for the plainest x86-64 and with a C library of its own inside (musl, static), so that
neither the processor nor the system's library changes the count.
"""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from benchmarks.process import ROOT
from ralhe import bitstream
from ralhe.files import whole_file

HERE = Path(__file__).parent
STORED = HERE / "instructions.tsv"
CORE = ROOT / "src" / "ralhe" / "core"
GOLDEN = ROOT / "tests" / "golden"
STREAMS = ("sh0", "sh3", "contracted", "synthesis_and_basis")
FLAGS = ("-target", "x86_64-linux-musl", "-static", "-O3", "-ffp-contract=off", "-Wno-unused-function")
TOLERANCE = 0.02
COLUMNS = ("stream", "gaussians", "instructions", "per_gaussian", "compiler")
VALGRIND_ABSENT = "valgrind is missing: install it with apt-get install valgrind"
COMPILER_ABSENT = "ziglang is missing: install it with pip install -r benchmarks/requirements.txt"


@dataclass(frozen=True)
class Count:
    """What one stream took."""

    stream: str
    gaussians: int
    instructions: int
    compiler: str

    @property
    def row(self) -> dict[str, str]:
        per = self.instructions / max(self.gaussians, 1)
        values = (self.stream, str(self.gaussians), str(self.instructions), f"{per:.0f}", self.compiler)
        return dict(zip(COLUMNS, values, strict=True))


def compiler() -> str | None:
    """Name and version of what compiles the core, or None."""
    try:
        return f"ziglang {version('ziglang')}"
    except PackageNotFoundError:
        return None


def absence() -> str | None:
    """Why nothing can be counted here, or None."""
    if not shutil.which("valgrind"):
        return VALGRIND_ABSENT
    return None if compiler() else COMPILER_ABSENT


def build(folder: Path) -> Path:
    """The driver, compiled. Raises CalledProcessError where that fails."""
    program = folder / "decode"
    command = [sys.executable, "-m", "ziglang", "cc", *FLAGS, "-I", str(CORE), "-o", str(program)]
    subprocess.run([*command, str(HERE / "driver.c")], check=True)
    return program


def count(program: Path, stream: Path) -> int:
    """Instructions of decoding one stream. Raises RuntimeError where it does not decode."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "callgrind.out"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", str(program), str(stream)]
        result = subprocess.run(command, capture_output=True, text=True)
        found = re.search(r"^summary: (\d+)", out.read_text(), re.MULTILINE) if out.exists() else None
    if result.returncode or not found:
        raise RuntimeError(f"{stream.name}: {result.stderr.strip().splitlines()[-1]}")
    return int(found[1])


def counts() -> list[Count]:
    """Of all golden streams that are counted."""
    name = compiler()
    assert name is not None
    with tempfile.TemporaryDirectory() as folder:
        program = build(Path(folder))
        out = []
        for stream in STREAMS:
            path = GOLDEN / f"{stream}.ralhe"
            out.append(Count(stream, bitstream.info(path.read_bytes()).leaves, count(program, path), name))
    return out


def stored() -> dict[str, Count]:
    """What instructions.tsv holds."""
    with STORED.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return {r["stream"]: Count(r["stream"], int(r["gaussians"]), int(r["instructions"]), r["compiler"]) for r in rows}


@click.command()
@click.option("--store", is_flag=True, help="Write the counts to instructions.tsv, where tests look.")
def main(store: bool) -> None:
    """Count the instructions of decoding the golden streams, and compare with those on record."""
    absent = absence()
    if absent:
        raise click.ClickException(absent)
    before = stored() if STORED.exists() else {}
    found = counts()
    for one in found:
        change = ""
        if one.stream in before:
            change = f", {100 * (one.instructions / before[one.stream].instructions - 1):+.2f}% from the record"
        click.echo(f"{one.stream}: {one.instructions:,}, {one.row['per_gaussian']} a Gaussian{change}")
    if store:
        with whole_file(STORED) as stream:
            lines = ["\t".join(COLUMNS), *("\t".join(one.row.values()) for one in found)]
            stream.write(("\n".join(lines) + "\n").encode())


if __name__ == "__main__":
    main()
