"""Writes the tables of README.md and docs/benchmarks.md from the results, and BD-rates beside the results.

    python -m benchmarks.tables [FOLDER]
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks import rows
from benchmarks.codecs import CODECS
from benchmarks.process import ROOT
from benchmarks.results import OURS, RESULTS, Delta, Results, deltas, markdown
from benchmarks.rows import DONE, Row
from ralhe.fit.presets import PRESETS

README, DOCS = ROOT / "README.md", ROOT / "docs" / "benchmarks.md"
PUBLISHED = ROOT / "benchmarks" / "published.tsv"
SIZES = ("1MB", "500kB", "250kB", "100kB")
MIDDLE = "500kB"
PUBLISHED_SIZES = "1MB", MIDDLE  # near which papers have numbers
GPU, ON_GPU = "NVIDIA", "†"  # in the name of a machine; in the table
DELTA_COLUMNS = ("scene", "codec", "ours", "bd_rate_percent", "bd_psnr_dB")
SHOWN = "ralhe-default", "ralhe-fast"  # in README.md; the second in brackets
GIVEN = "ralhe-default-given", "ralhe-fast-given"
LISTED = [f"ralhe-{preset}{given}" for given in ("", "-given") for preset in PRESETS]


def size_table(results: Results) -> str:
    """PSNR of two presets at four sizes, a line for each scene of ours, and one for its photos where there are some."""
    lines = []
    for scene in results.scenes:
        if not any(results.measured(scene, codec) for codec in OURS):
            continue
        lines.append((f"{scene}, {results.extent(scene)}", *_pairs(results, scene, "psnr", SHOWN)))
        lines.append((f"{scene}, its photos", *_pairs(results, scene, "photo_psnr", SHOWN)))
        lines.append((f"{scene}, its photos, given views", *_pairs(results, scene, "photo_psnr", GIVEN)))
    return markdown(("scene, Gaussians, SH", *SIZES), [line for line in lines if any(line[1:])])


def _pairs(results: Results, scene: str, field: str, codecs: Sequence[str]) -> list[str]:
    """At each size what the first codec comes to, and in brackets the second."""
    cells = []
    for size in SIZES:
        found = (results.find(scene, codec, size) for codec in codecs)
        first, second = (row[field] if row and row["status"] == DONE else "" for row in found)
        cells.append(" ".join(text for text in (first and f"**{first}**", second and f"({second})") if text))
    return cells


def ours_table(results: Results) -> str:
    """One line for each scene and preset: quality at four sizes, seconds of its ladder, those on a GPU left out, and
    the encoder's commits."""
    heads = ("scene", "Gaussians, SH", "preset", *SIZES, "seconds", "commit")
    lines = []
    for scene in results.scenes:
        for codec in LISTED:
            found = {row["size"]: row for row in results.measured(scene, codec)}
            if not found:
                continue
            cells = [_quality(found[size]) if size in found else "" for size in SIZES]
            timed = (row for row in found.values() if row["encode_s"] and GPU not in row["machine"])
            seconds = max((float(row["encode_s"]) for row in timed), default=0)
            preset = codec.removeprefix("ralhe-").replace("-given", ", given views")
            commits = ", ".join(dict.fromkeys(row["commit"] for row in found.values()))
            lines.append((scene, results.extent(scene), preset, *cells, f"{seconds:.0f}" if seconds else "", commits))
    return markdown(heads, lines)


def peers_table(results: Results) -> str:
    """A line for each codec: PSNR at the middle size, and BD-rate of ours against it."""
    found = {(delta.scene, delta.codec): delta for delta in deltas(results)}
    scenes = [scene for scene in results.scenes if any(s == scene for s, _ in found)]
    sized = {row["codec"] for row in results.rows if row["size"] == MIDDLE}
    codecs = [name for name in dict.fromkeys((*CODECS, *results.codecs())) if name in sized and name not in OURS]
    lines = [["**ralhe**", *(_middle(results, scene, results.anchor(scene) or "") for scene in scenes)]]
    for codec in codecs:
        cells = []
        for scene in scenes:
            rate = _rate(found.get((scene, codec)))
            cells.append(f"{_middle(results, scene, codec)}{rate}")
        lines.append([codec, *cells])
    return markdown(("", *scenes), lines)


def published_table(results: Results) -> str:
    """Numbers of papers beside ours, by falling size."""
    with PUBLISHED.open(newline="") as file:
        known = list(csv.DictReader(file, delimiter="\t"))
    lines: list[tuple[float, tuple[str, ...]]] = []
    for row in known:
        size = float(row["bytes"] or "inf")
        shown = f"{size / 1e6:.3g}" if row["bytes"] else ""
        lines.append((size, (row["scene"], row["codec"], shown, row["psnr"], row["how"], row["source"])))
    for scene in dict.fromkeys(row["scene"] for row in known):
        ours = (row for codec in OURS for row in results.measured(scene, codec))
        for row in (row for row in ours if row["size"] in PUBLISHED_SIZES):
            size = float(row["bytes"])
            cells = (scene, f"**{row['codec']}**", f"{size / 1e6:.3g}", f"**{row['photo_psnr']}**")
            lines.append((size, (*cells, "compresses a given model", f"commit {row['commit']}, 100 test photos")))
    lines.sort(key=lambda line: -line[0])
    return markdown(("scene", "codec", "MB", "PSNR", "how", "source"), [cells for _, cells in lines])


def write_deltas(path: Path, results: Results) -> None:
    """All of them as a table of their own."""
    found = [
        {
            "scene": delta.scene, "codec": delta.codec, "ours": delta.ours,
            "bd_rate_percent": "" if delta.bd_rate is None else f"{delta.bd_rate:.1f}",
            "bd_psnr_dB": "" if delta.bd_psnr is None else f"{delta.bd_psnr:.2f}",
        }
        for delta in deltas(results)
    ]  # fmt: skip
    rows.write(path, found, DELTA_COLUMNS)


def insert(text: str, name: str, table: str) -> str:
    """The text with what stands between a table's marks replaced. Raises ValueError where it has no such marks."""
    begin, end = f"<!-- {name} table -->\n", f"<!-- end of {name} table -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"there is no {begin.strip()} ... {end}; put them where the table belongs")
    return before + begin + table + end + after


def _quality(row: Row) -> str:
    """PSNR, and SSIM behind it; against photos where there are some."""
    photo = f", photos {row['photo_psnr']}" if row["photo_psnr"] else ""
    mark = ON_GPU if GPU in row["machine"] else ""
    return f"{row['psnr']}{mark} ({row['ssim'].lstrip('0')}{photo})"


def _middle(results: Results, scene: str, codec: str) -> str:
    row = results.find(scene, codec, MIDDLE)
    if row is None:
        return "-"
    return row["psnr"] if row["status"] == DONE else row["status"].split(":")[0]


def _rate(delta: Delta | None) -> str:
    if delta is None:
        return ""
    return f" ({delta.bd_rate:+.0f}%)" if delta.bd_rate is not None else " (beyond)"


TABLES = (
    (README, "sizes", size_table),
    (README, "peers", peers_table),
    (README, "published", published_table),
    (DOCS, "presets", ours_table),
)


@click.command(help=__doc__)
@RESULTS
def main(folder: Path) -> None:
    results = Results.read(folder)
    write_deltas(folder / "bd.tsv", results)
    for path, name, table in TABLES:
        path.write_text(insert(path.read_text(), name, table(results)))


if __name__ == "__main__":
    main()
