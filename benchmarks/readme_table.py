"""Writes the table of quality at four sizes into README.md, between its marks.

    python benchmarks/readme_table.py benchmarks/results/codec.tsv
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- codec table -->\n", "<!-- end of codec table -->"
SIZES = ("1MB", "500kB", "250kB", "100kB")


def table(rows: list[dict[str, str]]) -> str:
    """One line for each scene and preset, in the order of the rows."""
    heads = ("scene", "Gaussians, SH", "preset", *SIZES, "seconds")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    by_scene: dict[tuple[str, str, str], dict[str, dict[str, str]]] = {}
    for row in rows:
        by_scene.setdefault((row["scene"], row["preset"], row["views"]), {})[row["target"]] = row
    for (scene, preset, views), found in by_scene.items():
        one = next(iter(found.values()))
        degree = max(row["sh_degree"] for row in found.values())
        cells = [cell(found[size]) if size in found else "" for size in SIZES]
        seconds = max(int(row["until_s"]) for row in found.values())
        name = scene + (" (given views)" if views == "given" else "")
        size = f"{int(one['source_gaussians']):,}, {degree}"
        lines.append(f"| {' | '.join((name, size, preset, *cells, str(seconds)))} |")
    return "\n".join(lines) + "\n"


def cell(row: dict[str, str]) -> str:
    """PSNR, and SSIM behind it; against photos where there are some."""
    photo = f", photos {row['photo_psnr']}" if row["photo_psnr"] else ""
    return f"{row['psnr']} ({row['ssim'].lstrip('0')}{photo})"


def main() -> None:
    with Path(sys.argv[1]).open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    before, rest = README.read_text().split(BEGIN)
    _, after = rest.split(END)
    README.write_text(before + BEGIN + table(rows) + END + after)


if __name__ == "__main__":
    main()
