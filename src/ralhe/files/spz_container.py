"""The container of Niantic's SPZ: header, sections of bytes, and their compression.

    version 1 to 3   gzip( header 16 bytes, sections, extension records )
    version 4        header 32 bytes, extension records, table of sizes, one zstd frame per section

Layout after the README and load-spz.cc of github.com/nianticlabs/spz; what the bytes mean is in `spz`.
"""

from __future__ import annotations

import gzip
import struct
import sys
import zlib
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ralhe.errors import SceneError
from ralhe.gaussians import COORDINATES, MAX_SH_DEGREE, Coordinates

NGSP = 0x5053474E
MAGICS = (b"\x1f\x8b", b"NGSP")  # gzip of versions 1 to 3, plain header of version 4

HEADER = struct.Struct("<IIIBBBB")  # magic, version, Gaussians, SH degree, fractional bits, flags, reserved
HEADER_4 = struct.Struct("<IIIBBBBI12x")  # the last byte counts the sections, then the table's offset
SIZES = struct.Struct("<QQ")  # compressed and expanded bytes of a section
RECORD = struct.Struct("<II")  # type and bytes of an extension, its content follows

ANTIALIASED = 1
HAS_EXTENSIONS = 2
COORDINATE_EXTENSION = 0xADBE0003  # SPZ_ADOBE_coordinate_system: one u32, 0 unspecified, 1 LDB ... 8 RUF
SMALLEST_THREE_SINCE = 3  # version
ZSTD_VERSION = 4
EXTENSION_LIMIT = 1 << 20  # bytes
MAX_FRACTIONAL_BITS = 24

FREE_BYTES = 1 << 26  # a header may claim this much whatever the size of the file,
EXPANSION = 64  # and beyond it this many times the file; real scenes shrink by less than 4

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Sections:
    """One scene as SPZ quantises it, N Gaussians; every array is uint8."""

    version: int
    sh_degree: int
    fractional_bits: int
    antialiased: bool
    coordinates: Coordinates
    positions: Bytes  # [N, 9] 24-bit fixed point x, y, z; [N, 6] float16 in version 1
    alphas: Bytes  # [N, 1]
    colors: Bytes  # [N, 3]
    scales: Bytes  # [N, 3]
    rotations: Bytes  # [N, 4] smallest three; [N, 3] x, y, z before version 3
    sh: Bytes  # [N, 3 * coefficients above the constant]


@dataclass(frozen=True)
class _Header:
    version: int
    count: int  # Gaussians
    sh_degree: int
    fractional_bits: int
    flags: int

    @property
    def widths(self) -> list[int]:
        """Bytes per Gaussian of each section, in file order."""
        position = 6 if self.version == 1 else 9
        rotation = 4 if self.version >= SMALLEST_THREE_SINCE else 3
        return [position, 1, 3, 3, rotation, 3 * ((self.sh_degree + 1) ** 2 - 1)]

    def sections(self, content: list[Bytes], coordinates: Coordinates) -> Sections:
        """The sections with what the header says of them."""
        antialiased = bool(self.flags & ANTIALIASED)
        shaped = [part.reshape(self.count, width) for part, width in zip(content, self.widths, strict=True)]
        return Sections(self.version, self.sh_degree, self.fractional_bits, antialiased, coordinates, *shaped)


def unpack(data: bytes, name: str) -> Sections:
    """The sections of an .spz file of any version; `name` leads every message.

    Never expands more than the header claims, nor believes a claim far beyond the size of the file. Raises
    SceneError when the file is cut short, corrupt or of an unknown version.
    """
    if data.startswith(MAGICS[1]):
        return _unpack_version_4(data, name)
    inflate = zlib.decompressobj(wbits=31)
    try:
        header = _legacy_header(inflate.decompress(data, HEADER.size), name)
        need = header.count * sum(header.widths)
        _check_claim(need, len(data), name)
        content = inflate.decompress(inflate.unconsumed_tail, need) if need else b""
        tail = inflate.decompress(inflate.unconsumed_tail, EXTENSION_LIMIT)
    except zlib.error as error:
        raise SceneError(f"{name}: damaged gzip data ({error}); fetch or export the file again") from None
    if len(content) < need or not inflate.eof:
        raise SceneError(f"{name}: the gzip data does not end with the scene; fetch or export the file again")
    ends = np.cumsum([0, *header.widths]) * header.count
    parts = [np.frombuffer(content, np.uint8)[start:end] for start, end in pairwise(ends)]
    records = tail if header.flags & HAS_EXTENSIONS else b""
    return header.sections(parts, _stored_coordinates(records, name))


def pack(sections: Sections) -> bytes:
    """An .spz file of version 2 or 3; equal sections give equal bytes."""
    flags = ANTIALIASED if sections.antialiased else 0
    s = sections
    header = HEADER.pack(NGSP, s.version, len(s.positions), s.sh_degree, s.fractional_bits, flags, 0)
    arrays = (s.positions, s.alphas, s.colors, s.scales, s.rotations, s.sh)
    return gzip.compress(b"".join([header, *(array.tobytes() for array in arrays)]), compresslevel=6, mtime=0)


def _legacy_header(head: bytes, name: str) -> _Header:
    if len(head) < HEADER.size:
        raise SceneError(f"{name}: too short for an SPZ header; fetch or export the file again")
    magic, version, count, sh_degree, fractional_bits, flags, _ = HEADER.unpack(head)
    if magic != NGSP:
        raise SceneError(f"{name}: gzip data that is not SPZ; unpack it with gunzip if it is another format")
    if version not in (1, 2, 3):
        raise SceneError(f"{name}: SPZ version {version} in gzip, expected 1 to 3; export it as version 3")
    return _checked(_Header(version, count, sh_degree, fractional_bits, flags), name)


def _checked(header: _Header, name: str) -> _Header:
    if header.sh_degree > MAX_SH_DEGREE:
        raise SceneError(f"{name}: SH degree is {header.sh_degree}, expected 0 to 3; export it with degree 3")
    if header.fractional_bits > MAX_FRACTIONAL_BITS:
        raise SceneError(f"{name}: {header.fractional_bits} fractional bits, expected 0 to {MAX_FRACTIONAL_BITS}")
    return header


def _check_claim(expanded: int, stored: int, name: str) -> None:
    """Refuse a header whose claim could only be met by a decompression bomb."""
    if expanded > max(FREE_BYTES, EXPANSION * stored):
        raise SceneError(f"{name}: {stored} bytes cannot hold the {expanded} bytes of scene that the header claims")


def _stored_coordinates(records: bytes, name: str) -> Coordinates:
    """RUB, unless an extension record names another system; other records are skipped."""
    at = 0
    while at + RECORD.size <= len(records):
        kind, size = RECORD.unpack_from(records, at)
        content = records[at + RECORD.size :][:size]
        at += RECORD.size + size
        if kind == COORDINATE_EXTENSION:
            code = int.from_bytes(content[:4], "little")
            if code >= len(COORDINATES):
                raise SceneError(f"{name}: stored with y and z swapped (system {code}); export it as RUB")
            return COORDINATES[code] if code else "RUB"
    return "RUB"


def _unpack_version_4(data: bytes, name: str) -> Sections:
    if len(data) < HEADER_4.size:
        raise SceneError(f"{name}: too short for an SPZ header; fetch or export the file again")
    _, version, count, sh_degree, fractional_bits, flags, stored, table = HEADER_4.unpack_from(data)
    if version != ZSTD_VERSION:
        raise SceneError(f"{name}: SPZ version {version} is unknown; export it as version 3 or 4")
    header = _checked(_Header(version, count, sh_degree, fractional_bits, flags), name)
    sizes = [count * width for width in header.widths]
    _check_claim(sum(sizes), len(data), name)
    at = table + SIZES.size * stored
    if stored != sum(size > 0 for size in sizes) or table < HEADER_4.size or at > len(data):
        raise SceneError(f"{name}: the SPZ table of {stored} sections is damaged; fetch or export the file again")
    entries = SIZES.iter_unpack(data[table:at])
    parts = []
    for size in sizes:  # an empty section has no entry
        compressed, expanded = next(entries) if size else (0, 0)
        parts.append(_expand(data[at : at + compressed], expanded, name) if expanded == size else b"")
        if len(parts[-1]) != size:
            raise SceneError(f"{name}: a section of {size} bytes is damaged; fetch or export the file again")
        at += compressed
    records = data[HEADER_4.size : table] if flags & HAS_EXTENSIONS else b""
    content = [np.frombuffer(part, np.uint8) for part in parts]
    return header.sections(content, _stored_coordinates(records, name))


def _expand(frame: bytes, size: int, name: str) -> bytes:
    """Up to `size` bytes of a zstd frame."""
    if not size:
        return b""
    # here, so that a start that meets no such file need not load it
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    try:
        return zstd.ZstdDecompressor().decompress(frame, max_length=size)
    except zstd.ZstdError as error:
        raise SceneError(f"{name}: damaged zstd data ({error}); fetch or export the file again") from None
