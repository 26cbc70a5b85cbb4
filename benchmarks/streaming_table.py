"""Writes the table of streaming into README.md, between its marks.

    python -m benchmarks.streaming_table
"""

from __future__ import annotations

from benchmarks import rows
from benchmarks.process import ROOT
from benchmarks.results import markdown
from benchmarks.rows import Row
from benchmarks.tables import README, insert

RESULTS = ROOT / "benchmarks" / "results" / "streaming.tsv"
HEADS = ("stream", "Gaussians, SH", "Mbit/s", "first picture, s", "at byte (share)", "last byte, s", "full scene, s",
         "after the last byte, s")  # fmt: skip


def line(row: Row) -> tuple[str, ...]:
    """One run."""
    size = f"{int(row['gaussians']):,}, {row['sh_degree']}"
    share = f"{int(row['first_bytes']):,} ({100 * float(row['first_share']):.1f}%)"
    return (row["scene"], size, row["mbit_s"], row["first_s"], share, row["last_byte_s"], row["full_s"],
            row["after_last_byte_s"])  # fmt: skip


def main() -> None:
    table = markdown(HEADS, [line(row) for row in rows.read(RESULTS)])
    README.write_text(insert(README.read_text(), "streaming", table))


if __name__ == "__main__":
    main()
