"""Sizes of files as people write them."""

from __future__ import annotations

import re
from fractions import Fraction

from ralhe.errors import RalheError

DEFAULT_SIZE = 1_000_000
"""Bytes of a stream, where nobody asked for another size."""

UNITS = {
    **dict.fromkeys(("", "b", "byte", "bytes"), 1),
    **dict.fromkeys(("k", "kb"), 1000),
    **dict.fromkeys(("m", "mb"), 1000**2),
    **{"kib": 1024, "mib": 1024**2},
}
"""Bytes of a unit, written in any case."""


def parse_size(text: str) -> int:
    """Bytes of "500kB", "1 MB", "0.5MiB" or "250000". Raises RalheError."""
    match = re.fullmatch(r"\s*([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*([a-zA-Z]*)\s*", text)
    if not match or match[2].lower() not in UNITS:
        raise RalheError(f"size {text!r} is not a number of bytes, kB, MB, KiB or MiB; write for example 500kB")
    size = int(Fraction(match[1]) * UNITS[match[2].lower()])
    if size < 1:
        raise RalheError(f"size {text!r} is less than one byte")
    return size


def format_size(size: int) -> str:
    """As people read it: "1.25 MB", "500.0 kB", "12 bytes"."""
    if size >= 999_950:
        return f"{size / 1000**2:.2f} MB"
    return f"{size / 1000:.1f} kB" if size >= 1000 else f"{size} byte{'s' * (size != 1)}"


def compare_sizes(original: int, size: int) -> str:
    """A size against that of the original: "14 times smaller", "1.3 times larger"."""
    times = original / max(size, 1)
    if 0.995 < times < 1.005:
        return "as large as the original"
    factor = times if times > 1 else 1 / max(times, 1e-9)
    number = f"{factor:,.0f}" if factor >= 9.95 else f"{factor:.1f}" if factor >= 1.05 else f"{factor:.2f}"
    return f"{number} times {'smaller' if times > 1 else 'larger'}"
