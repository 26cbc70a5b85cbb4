"""What a stream holds, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ralhe.core import Decoder, StreamInfo
from ralhe.errors import BitstreamError
from ralhe.sizes import format_size


def describe_json(data: bytes) -> dict[str, Any]:
    """Fields of header and table, bytes by kind and level, bits by kind of attribute where all of it decodes."""
    decoder = Decoder(data)
    out = asdict(decoder.info)
    out["bytes"] = {kind: _bytes(decoder.info, kind) for kind in ("parameters", "geometry", "attributes")}
    out["bytes"]["container"] = decoder.info.size - sum(out["bytes"].values())
    out["levels"] = [_level(decoder.info, level, end) for level, end in decoder.info.level_ends]
    out["bytes_present"] = len(data)
    try:
        bits = decoder.tally()  # of what is there
        out["attribute_bits"] = bits if len(data) >= decoder.info.size else None
    except BitstreamError as error:
        out["attribute_bits"], out["damage"] = None, str(error)
    return out


def _bytes(info: StreamInfo, kind: str) -> int:
    return sum(s.length for s in info.sections if s.kind == kind)


def _level(info: StreamInfo, level: int, end: int) -> dict[str, int]:
    """A level that a prefix can end at: its nodes, the bytes of its sections, the bytes up to its end."""
    row = next(i for i, s in enumerate(info.sections) if s.kind == "attributes" and s.last_level + 1 == level)
    before = [s for s in info.sections[:row] if s.offset >= _previous_end(info, row)]
    return {
        "level": level,
        "nodes": info.sections[row].count,
        "geometry_bytes": sum(s.length for s in before if s.kind == "geometry"),
        "attribute_bytes": info.sections[row].length,
        "prefix_bytes": end,
    }


def _previous_end(info: StreamInfo, row: int) -> int:
    ends = [s.offset + s.length for s in info.sections[:row] if s.kind == "attributes"]
    return ends[-1] if ends else 0


def describe(known: dict[str, Any]) -> str:
    """What `describe_json` found as a table to read."""
    n = max(known["leaves"], 1)
    low, high = known["bounding_box"]
    flags = [name for name in ("antialiased", "contracted") if known[name]]
    lines = [
        f"size          {format_size(known['size'])} ({known['size']:,} bytes), version {known['version']}",
        f"Gaussians     {known['leaves']:,} of {known['source_gaussians']:,}, SH degree {known['sh_degree']}",
        f"octree        depth {known['depth']}, look-ahead {known['lookahead']}",
        f"coordinates   {known['coordinates']}{''.join(', ' + flag for flag in flags)}",
        "bounding box  " + " to ".join("(" + ", ".join(f"{x:.4g}" for x in corner) + ")" for corner in (low, high)),
        "networks      widths {} (base), {} (harmonics), {} (synthesis)".format(*known["hidden"]),
        "",
        f"{'section':14}{'bytes':>10}{'bits per Gaussian':>20}",
    ]
    lines += [f"{kind:14}{size:>10,}{8 * size / n:>20.2f}" for kind, size in known["bytes"].items()]
    for kind, bits in (known["attribute_bits"] or {}).items():
        lines.append(f"  {kind:12}{bits / 8:>10,.0f}{bits / n:>20.2f}")
    lines += ["", f"{'level':>5}{'nodes':>10}{'geometry':>10}{'attributes':>12}{'prefix':>10}"]
    for row in known["levels"]:
        lines.append(
            "{level:>5}{nodes:>10,}{geometry_bytes:>10,}{attribute_bytes:>12,}{prefix_bytes:>10,}".format(**row)
        )
    if known["bytes_present"] < known["size"]:
        lines.append(f"the file is cut: {known['bytes_present']:,} of {known['size']:,} bytes are present")
    return "\n".join(lines)
