"""Times the CPU rasteriser: milliseconds a view and stage, nanoseconds for each pair of tile and splat.

    python benchmarks/rasteriser.py scene.ply scene.views.json --counts 100000 500000 --results rasteriser.tsv

Best of a dozen runs for each count of Gaussians (evenly picked from the file) and size of picture, the first view of
each list. A pair is a splat in one tile's list; "wall" is what a user waits, so more threads lower every column.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
import torch

import ralhe
from benchmarks.sweep import commit
from ralhe import cameras
from ralhe.rasteriser import Splats, cpu, render

SIZES = (400, 300), (800, 600)
STAGES = ("project", "depth_order", "tiles_of", "blend", "blend_gradient", "project_gradient")
REPEATS = 12
COLUMNS = ["scene", "gaussians", "sh_degree", "size", "commit", "threads", "pairs", "forward_ms", "forward_backward_ms",
           *(f"{stage}_ms" for stage in STAGES), "blend_ns_per_pair", "blend_gradient_ns_per_pair"]  # fmt: skip


class Stopwatch:
    """Best milliseconds of each stage of the rasteriser, and the pairs of the last picture."""

    def __init__(self) -> None:
        self.best: dict[str, float] = {}
        self.pairs = 0
        for stage in STAGES:
            setattr(cpu, stage, self._timed(stage, getattr(cpu, stage)))

    def _timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            began = time.perf_counter()
            result = function(*arguments)
            self.best[stage] = min(self.best.get(stage, np.inf), 1e3 * (time.perf_counter() - began))
            if stage == "tiles_of":
                self.pairs = len(result.pairs)
            return result

        return timed


def best(function: Callable[[], object]) -> float:
    """Fewest milliseconds that a call takes."""
    function()
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        function()
        times.append(1e3 * (time.perf_counter() - began))
    return min(times)


def measure(scene: ralhe.Gaussians, camera: cameras.Camera, watch: Stopwatch) -> dict[str, object]:
    """One row of the table, without its names."""
    plain = Splats.of(scene)
    m, c, o, sh = (t.clone().requires_grad_() for t in (plain.means, plain.covariances, plain.opacities, plain.sh))
    splats, pull = Splats(m, c, o, sh, plain.antialiased), torch.rand(camera.height, camera.width, 3)
    watch.best.clear()
    forward = best(lambda: render(plain, camera))
    both = best(lambda: render(splats, camera).colour.backward(pull))  # type: ignore[no-untyped-call]
    row: dict[str, object] = {"pairs": watch.pairs, "forward_ms": forward, "forward_backward_ms": both}
    row |= {f"{stage}_ms": watch.best[stage] for stage in STAGES}
    row |= {f"{stage}_ns_per_pair": 1e6 * watch.best[stage] / watch.pairs for stage in ("blend", "blend_gradient")}
    return {key: f"{value:.1f}" if isinstance(value, float) else value for key, value in row.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scene", type=Path)
    parser.add_argument("views", type=Path, help="cameras of the scene; the first of those to fit is drawn")
    parser.add_argument("--counts", type=int, nargs="+", help="Gaussians to draw  [default: all]")
    parser.add_argument("--results", type=Path, help="file that the rows are appended to")
    arguments = parser.parse_args()
    whole, view, watch = ralhe.read(arguments.scene), cameras.read(arguments.views).fit[0], Stopwatch()
    for count in arguments.counts or [len(whole)]:
        scene = whole.take(np.linspace(0, len(whole) - 1, min(count, len(whole))).astype(np.int64))
        for width, height in SIZES:
            row: dict[str, object] = {"scene": arguments.scene.stem, "gaussians": len(scene)}
            row |= {"sh_degree": scene.sh_degree, "size": f"{width}x{height}"}
            row |= {"commit": commit(), "threads": numba.get_num_threads()}
            row |= measure(scene, view.camera.resized(width, height), watch)
            print(", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
            if arguments.results:
                fresh = not arguments.results.exists()
                with arguments.results.open("a", newline="") as file:
                    writer = csv.DictWriter(file, COLUMNS, delimiter="\t")
                    if fresh:
                        writer.writeheader()
                    writer.writerow(row)


if __name__ == "__main__":
    main()
