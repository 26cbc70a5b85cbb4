"""The table of results: one row for each scene, codec and size, appended as it is found."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from benchmarks.lock import held
from ralhe.files import whole_file

Row = dict[str, str]
Key = tuple[str, ...]

COLUMNS = ("scene", "codec", "size", "status", "bytes", "gaussians", "sh_degree", "psnr", "worst_psnr", "ssim",
           "ms_ssim_12", "flip_12", "photo_psnr", "photo_ssim", "encode_s", "encode_MB", "decode_s", "decode_MB",
           "note", "commit", "machine", "load", "when")  # fmt: skip
STREAM_COLUMNS = ("scene", "codec", "size", "commit", "source_gaussians", "kept", "depth", "lmbda", "bits_geometry",
                  "bits_opacity", "bits_colour", "bits_shape", "bits_harmonics", "bits_parameters", "bits_container",
                  "rms_opacity", "rms_colour", "rms_shape", "rms_harmonics")  # fmt: skip
"""What ralhe says of its streams: bits are per Gaussian of the stream, rms is that of attributes."""

DONE = "ok"
KEY = ("scene", "codec", "size")


def key(row: Row, names: Sequence[str] = KEY) -> Key:
    """What tells rows apart."""
    return tuple(row[name] for name in names)


def read(path: Path) -> list[Row]:
    """Rows of a table; none where it does not exist."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def put(path: Path, row: Row, columns: Sequence[str] = COLUMNS, names: Sequence[str] = KEY) -> None:
    """Adds a row; one with the same values of `names` (scene, codec and size) is replaced. Sweeps may share a table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with held(path.parent):
        rows, own = read(path), key(row, names)
        if not path.exists() or any(key(other, names) == own for other in rows):
            rows = [row if key(other, names) == own else other for other in rows]
            write(path, rows if row in rows else [*rows, row], columns)
            return
        with path.open("ab", buffering=0) as file:  # one write, so that a row is never cut
            file.write(_lines([row], columns))


def write(path: Path, rows: Sequence[Row], columns: Sequence[str] = COLUMNS) -> None:
    """The whole table, under its name only when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = "\t".join(columns) + "\n"
    with whole_file(path) as stream:
        stream.write(head.encode() + _lines(rows, columns))


def _lines(rows: Sequence[Row], columns: Sequence[str]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", delimiter="\t", lineterminator="\n")
    writer.writerows(rows)
    return text.getvalue().encode()
