"""Writes one page with plots and tables of the results.

    python -m benchmarks.page [FOLDER]
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import click
from markupsafe import Markup

import ralhe
from benchmarks import plots
from benchmarks.results import RESULTS, Delta, Results, deltas
from benchmarks.rows import DONE, Row
from benchmarks.tables import published_table
from ralhe.comparison.curves import Plot
from ralhe.files import whole_file

COLUMNS = {
    "codec": "codec", "size": "asked for", "bytes": "bytes", "gaussians": "Gaussians", "sh_degree": "SH",
    "psnr": "PSNR", "worst_psnr": "worst", "ssim": "SSIM", "ms_ssim_12": "MS-SSIM (12 views)",
    "flip_12": "FLIP (12 views)", "photo_psnr": "to photos", "encode_s": "encode s", "encode_MB": "MB",
    "decode_s": "decode s", "decode_MB": "MB", "load": "load", "commit": "commit",
}  # fmt: skip
SPEED = {"decoding.tsv": "Decoding", "encoding.tsv": "Encoding", "startup.tsv": "Startup"}


@dataclass(frozen=True)
class SceneResults:
    """What the page shows of a scene."""

    name: str
    curves: Plot | None
    ours: str
    deltas: list[tuple[str, str, str]]
    lines: list[list[str]]
    others: list[str]  # rows without a file


def scene_results(results: Results, scene: str, found: list[Delta]) -> SceneResults:
    """Of one scene."""
    some = [row for row in results.rows if row["scene"] == scene]
    shown = [(d.codec, _signed(d.bd_rate, "%"), _signed(d.bd_psnr, " dB")) for d in found if d.scene == scene]
    return SceneResults(
        name=scene,
        curves=plots.plot_of(results, scene),
        ours=results.anchor(scene) or "",
        deltas=shown,
        lines=[_cells(row) for row in sorted((r for r in some if r["status"] == DONE), key=_place)],
        others=[f"{row['codec']} {row['size']}: {row['status']}" for row in some if row["status"] != DONE],
    )


def page(folder: Path) -> str:
    """The HTML."""
    results = Results.read(folder)
    found = deltas(results)
    published = [_split(line) for line in published_table(results).splitlines()]
    speed = [(title, _read(folder / name)) for name, title in SPEED.items() if (folder / name).exists()]
    return plots.templates().get_template("page.html.jinja").render(
        version=ralhe.__version__,
        style=Markup(files("ralhe.comparison").joinpath("report.css").read_text("utf-8")),
        machines=sorted({row["machine"] for row in results.rows}),
        heads=list(COLUMNS.values()),
        scenes=[scene_results(results, scene, found) for scene in results.scenes],
        published=[published[0], *published[2:]],
        speed=speed,
    )  # fmt: skip


def _place(row: Row) -> tuple[int, str, int]:
    """What the plot shows first, in its order; of each codec the largest file first."""
    codec = row["codec"]
    shown = plots.SHOWN.index(codec) if codec in plots.SHOWN else len(plots.SHOWN)
    return shown, codec, -int(row["bytes"])


def _cells(row: Row) -> list[str]:
    return [f"{int(row[name]):,}" if name in ("bytes", "gaussians") else row[name] for name in COLUMNS]


def _signed(value: float | None, unit: str) -> str:
    return "no overlap" if value is None else f"{value:+.1f}{unit}"


def _split(line: str) -> list[str]:
    return [cell.strip().strip("*") for cell in line.strip("|").split("|")]


def _read(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file, delimiter="\t"))


@click.command(help=__doc__)
@RESULTS
def main(folder: Path) -> None:
    with whole_file(folder / "index.html") as stream:
        stream.write(page(folder).encode())
    print(folder / "index.html")


if __name__ == "__main__":
    main()
