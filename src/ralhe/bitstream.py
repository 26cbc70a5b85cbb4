"""Scene <-> bytes: the container around what the core codes. SPEC.md describes it byte by byte."""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

from ralhe.arguments import whole
from ralhe.core import Decoder, StreamInfo
from ralhe.core.encoder import CodedSection
from ralhe.core.records import KINDS
from ralhe.errors import BitstreamError
from ralhe.gaussians import COORDINATES, Coordinates, Gaussians

MAGIC = b"RALH"
SUFFIX = ".ralhe"
VERSION = 1
SECTION_BYTES = 20
LEAST_BYTES = 64 + 3 * SECTION_BYTES + 4
"""No stream with a Gaussian is smaller: its parameters, positions and attributes take a section each."""
MOST_HEADER = 64 + 16 + 43 * SECTION_BYTES + 4
"""Bytes of the longest header with its table."""
FREE_NODES = 65536
NODES_PER_BYTE = 64
USUAL_SHAPE = 0.15


class TruncatedNotice(UserWarning):
    """A stream ends early; what lies before decodes to a coarser level."""


@dataclass(frozen=True)
class Header:
    """Fixed fields of a stream. Floats are stored as float32."""

    sh_degree: int
    depth: int
    lookahead: int
    leaves: int
    source_gaussians: int
    origin: tuple[float, float, float]
    voxel: float
    bounding_box: tuple[float, ...]  # low x, y, z, high x, y, z
    hidden: tuple[int, int, int]  # widths, multiples of 4: entropy of base and of harmonics, synthesis
    step_shape: float = USUAL_SHAPE  # steps fall with weight**-(1/2 + step_shape); stored in 256ths
    antialiased: bool = False
    has_basis: bool = False
    coordinates: Coordinates = "unspecified"
    contraction: tuple[float, float, float, float] | None = None  # centre x, y, z and scale

    def pack(self, sections: int = 0) -> bytes:
        """The bytes before the table."""
        flags = self.antialiased | (self.contraction is not None) << 1 | self.has_basis << 2
        small = [VERSION, flags, self.sh_degree, COORDINATES.index(self.coordinates), self.depth, self.lookahead]
        small += [width // 4 for width in self.hidden] + [round(self.step_shape * 256)]
        fixed = MAGIC + struct.pack("<10BHII", *small, sections, self.leaves, self.source_gaussians)
        fixed += struct.pack("<10f", *self.origin, self.voxel, *self.bounding_box)
        return fixed + (struct.pack("<4f", *self.contraction) if self.contraction else b"")


def assemble(header: Header, parameters: CodedSection, geometry: tuple[CodedSection, ...],
             attributes: tuple[CodedSection, ...]) -> bytes:  # fmt: skip
    """The stream: sections coarse to fine, the geometry each level of attributes leans on just before it."""
    ordered, rest = [parameters], list(geometry)
    for section in attributes:
        needed = min(section.row.last_level + 1 + header.lookahead, header.depth)
        while rest and rest[0].row.first_level < needed:
            ordered.append(rest.pop(0))
        ordered.append(section)
    return _write(header, ordered)


def assemble_empty(header: Header) -> bytes:
    """The stream of a scene without Gaussians."""
    return _write(header, [])


def _write(header: Header, sections: list[CodedSection]) -> bytes:
    head = header.pack(len(sections))
    offset = len(head) + SECTION_BYTES * len(sections) + 4
    table = b""
    padded = []
    for row, data, crc in ((s.row, s.data, s.row.crc) for s in sections):
        short = _missing_bytes(row.count, offset + len(data))
        if short:
            data += bytes(short)
            crc = crc32c(data)
        padded.append(data)
        table += struct.pack("<4B4I", KINDS.index(row.kind), row.first_level, row.last_level, 0, offset, len(data),
                             row.count, crc)  # fmt: skip
        offset += len(data)
    head += table
    return b"".join([head, struct.pack("<I", crc32c(head)), *padded])


def _missing_bytes(nodes: int, end: int) -> int:
    """Zero bytes a section needs so that decoders believe its count (SPEC.md, limits): a dense and even scene may
    take less than an eighth of a bit for a node."""
    return max(0, -(-(nodes - FREE_NODES) // NODES_PER_BYTE) - end)


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_CRC = _crc_table()


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli), as headers and sections carry it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def is_stream(path: Path) -> bool:
    """Whether a file begins as a stream does. Raises OSError where it cannot be read."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def info(data: bytes | bytearray | memoryview) -> StreamInfo:
    """What header and table of a stream say. Raises BitstreamError."""
    return Decoder(data).info


def decode(data: bytes | bytearray | memoryview, *, level: int | None = None, max_bytes: int | None = None,
           name: str = "the stream") -> Gaussians:  # fmt: skip
    """The Gaussians of a stream, ascending in Morton order.

    level: nodes of that octree level instead of the leaves (the nearest one the stream has from below).
    max_bytes: as if the stream ended there, 0 or more. name: what a notice calls the stream.
    A stream that ends early decodes to the finest level it holds, with a TruncatedNotice.
    Raises BitstreamError when the stream is damaged, holds no level or only finer ones than `level`.
    """
    level, max_bytes = whole("level", level, BitstreamError), whole("max_bytes", max_bytes, BitstreamError)
    if level is not None and level < 1:
        raise BitstreamError(f"level is {level}, expected 1 or more")
    if max_bytes is not None and max_bytes < 0:
        raise BitstreamError(f"max_bytes is {max_bytes}, expected 0 or more")
    decoder = Decoder(data)
    levels, depth = [reached for reached, _ in decoder.info.level_ends], decoder.info.depth
    if level is not None and levels and level < levels[0]:
        raise BitstreamError(f"level is {level}, but the coarsest that this stream has is {levels[0]}")
    wanted = max((one for one in levels if level is None or one <= level), default=depth)
    reached = decoder.advance(max_bytes, level)
    gaussians = decoder.gaussians()
    if reached < wanted and len(data) < decoder.info.size and (max_bytes is None or max_bytes > len(data)):
        warnings.warn(
            f"{name} is cut at byte {len(data)} of {decoder.info.size}: level {reached} of {depth}",
            TruncatedNotice,
            stacklevel=2,
        )
    return gaussians
