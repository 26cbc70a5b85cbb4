"""Writes the table of streaming into README.md, between its marks.

    python benchmarks/streaming_table.py
"""

from __future__ import annotations

import csv
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
RESULTS = Path(__file__).parent / "results" / "streaming.tsv"
BEGIN, END = "<!-- streaming table -->\n", "<!-- end of streaming table -->"
HEADS = ("stream", "Gaussians, SH", "Mbit/s", "first picture, s", "at byte (share)", "last byte, s", "full scene, s",
         "after the last byte, s")  # fmt: skip


def line(row: dict[str, str]) -> str:
    """One run."""
    size = f"{int(row['gaussians']):,}, {row['sh_degree']}"
    share = f"{int(row['first_bytes']):,} ({100 * float(row['first_share']):.1f}%)"
    cells = (row["scene"], size, row["mbit_s"], row["first_s"], share, row["last_byte_s"], row["full_s"],
             row["after_last_byte_s"])  # fmt: skip
    return f"| {' | '.join(cells)} |\n"


def main() -> None:
    with RESULTS.open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    before, rest = README.read_text().split(BEGIN)
    _, after = rest.split(END)
    table = f"| {' | '.join(HEADS)} |\n{'|---' * len(HEADS)}|\n" + "".join(map(line, rows))
    README.write_text(before + BEGIN + table + END + after)


if __name__ == "__main__":
    main()
