"""Rate-distortion plots of the results, one .svg for each scene.

    python -m benchmarks.plots [FOLDER]
"""

from __future__ import annotations

from pathlib import Path

import click
from jinja2 import Environment, PackageLoader, StrictUndefined

from benchmarks.codec import WHOLE
from benchmarks.results import RESULTS, Results
from ralhe.comparison.curves import FRAME, Plot, Point, plot
from ralhe.files import whole_file

SHOWN = ("ralhe-best", "ralhe-default", "ralhe-fast", "prune+paper", "paper", "prune+gpcc", "gpcc", "prune+sog-sh0",
         "prune+sog", "prune+spz", "decimate+spz", "decimate+sog")  # fmt: skip
"""In the order of the legend, each of one colour in all plots; the others are in the table only."""

LARGEST = 2_000_000
"""Bytes up to which points are drawn."""


def templates() -> Environment:
    """Of plots and page."""
    environment = Environment(
        loader=PackageLoader("benchmarks", "page"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.globals |= {"frame": FRAME, "shown": SHOWN}
    return environment


def plot_of(results: Results, scene: str) -> Plot | None:
    """PSNR against bytes; None where there are too few points."""
    points = []
    for codec in SHOWN:
        for row in results.measured(scene, codec):
            size = int(row["bytes"])
            if size <= LARGEST and row["size"] != WHOLE:
                points.append(Point(f"{codec} {row['size']}", codec, size, float(row["psnr"])))
    return plot(points)


@click.command(help=__doc__)
@RESULTS
def main(folder: Path) -> None:
    results = Results.read(folder)
    (folder / "plots").mkdir(exist_ok=True)
    template = templates().get_template("plot.svg.jinja")
    for scene in results.scenes:
        curves = plot_of(results, scene)
        if curves is not None:
            with whole_file(folder / "plots" / f"{scene}.svg") as stream:
                stream.write(template.render(scene=scene, curves=curves).encode())


if __name__ == "__main__":
    main()
