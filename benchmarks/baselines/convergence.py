"""What more iterations would bring the paper's design: its fit at one size, again and again for longer.

    python -m benchmarks.baselines.convergence scene.ply views.json 100kB 100,200,400,800,1600

Each fit starts anew from the same model (pruned for the size). Writes convergence.tsv beside the results.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import ralhe
from benchmarks import rows
from benchmarks.baselines import container, program
from benchmarks.baselines.model import prepare
from benchmarks.baselines.paper import Paper
from benchmarks.measures.quality import measure
from benchmarks.results import FOLDER
from benchmarks.scenes import Scene
from benchmarks.source import look
from benchmarks.sweep import commit, machine
from ralhe.sizes import parse_size

COLUMNS = ("scene", "size", "iterations", "bytes", "psnr", "ssim", "seconds", "commit", "machine")


def main() -> None:
    ply, views, size, counts = sys.argv[1:]
    scene, bytes_ = Scene(Path(ply), Path(views)), parse_size(size)
    source = look(scene.gaussians)
    bits = program.BITS_PER_GAUSSIAN[scene.gaussians.sh_degree]
    model, _ = prepare(source, min(len(source.cleaned), round(8 * bytes_ / bits)), bytes_)
    head = container.join([b"paper", container.encode_geometry(model)])
    for count in map(int, counts.split(",")):
        began = time.monotonic()
        data = Paper(count).encode(model, bytes_ - len(head) - container.LENGTH.size)
        seconds = time.monotonic() - began
        row = {"scene": scene.name, "size": size, "iterations": str(count), "seconds": f"{seconds:.0f}"}
        if data is not None:
            with tempfile.TemporaryDirectory() as folder:
                file, out = Path(folder) / "stream", Path(folder) / "out.ply"
                file.write_bytes(head + container.join([data]))
                ralhe.write(out, program.decode(file))
                found = measure(scene, out)
                row |= {"bytes": str(file.stat().st_size), "psnr": found["psnr"], "ssim": found["ssim"]}
        row |= {"commit": commit(), "machine": machine()}
        known = rows.read(FOLDER / "convergence.tsv")
        rows.write(FOLDER / "convergence.tsv", [*known, row], COLUMNS)
        print(*row.values(), flush=True)


if __name__ == "__main__":
    main()
