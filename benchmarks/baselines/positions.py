"""Positions as ralhe's own octree coder codes them, without anything else of ralhe's stream.

The geometry sections are those of a stream. To read them back, a stream is put around them whose attributes are zero
bytes: whatever these decode to, the voxels are what the geometry says.
"""

from __future__ import annotations

import struct

import numpy as np

from ralhe import bitstream
from ralhe.bitstream import Header, assemble, crc32c
from ralhe.core import Encoder
from ralhe.core.encoder import CodedSection
from ralhe.core.records import Section
from ralhe.octree import Codes
from ralhe.prepare.voxels import VoxelGrid

LOOKAHEAD = 2
HIDDEN = 4
CHANNELS = 10
STEP_ONE = 160  # the code of a step of 1
HEAD = struct.Struct("<BI3ff3ff")
ROW = struct.Struct("<BBII")
BYTES_PER_NODE = 40  # of zeros: more than any walk reads


def encode(codes: Codes, grid: VoxelGrid) -> bytes:
    """Depth, grid, rows of the sections, sections. codes: ascending distinct Morton codes [N > 0]."""
    encoder = Encoder(_header(grid, len(codes)).pack(), codes, LOOKAHEAD)
    sections = encoder.geometry()
    out = HEAD.pack(grid.depth, len(codes), *grid.origin, grid.voxel, *grid.centre, grid.scale)
    out += struct.pack("<B", len(sections))
    for section in sections:
        row = section.row
        out += ROW.pack(row.first_level, row.last_level, row.count, len(section.data))
    return out + b"".join(section.data for section in sections)


def decode(data: bytes) -> tuple[Codes, VoxelGrid]:
    """What `encode` was given."""
    depth, leaves, *rest = HEAD.unpack_from(data)
    grid = VoxelGrid(depth, tuple(rest[0:3]), rest[3], tuple(rest[4:7]), rest[7])
    at = HEAD.size + 1
    rows = [ROW.unpack_from(data, at + ROW.size * i) for i in range(data[HEAD.size])]
    at += ROW.size * len(rows)
    geometry = []
    for first, last, count, length in rows:
        geometry.append(_section("geometry", first, last, count, data[at : at + length]))
        at += length
    # Voxels of edge 1 from the origin: their indices come back exactly.
    plain = VoxelGrid(depth, (0.0, 0.0, 0.0), 1.0)
    zeros = (_section("attributes", a, b, count, bytes(BYTES_PER_NODE * count)) for a, b, count, _ in rows)
    stream = assemble(_header(plain, leaves), _parameters(plain), tuple(geometry), tuple(zeros))
    return plain.codes(bitstream.decode(stream).positions), grid


def _header(grid: VoxelGrid, leaves: int) -> Header:
    return Header(0, grid.depth, LOOKAHEAD, leaves, leaves, grid.origin, grid.voxel, (0.0,) * 6, (HIDDEN, 0, 0))


def _parameters(grid: VoxelGrid) -> CodedSection:
    """Steps of 1 and networks of zeros."""
    encoder = Encoder(_header(grid, 1).pack(), np.zeros(1, np.uint64), LOOKAHEAD)
    encoder.geometry()
    encoder.set_targets(np.zeros((1, CHANNELS), np.float32), np.ones((1, 3)))
    values = np.zeros(encoder.parameter_count, np.int32)
    values[0] = STEP_ONE
    return encoder.walk(values, np.ones(CHANNELS), 1.0).parameters


def _section(kind: str, first: int, last: int, count: int, data: bytes) -> CodedSection:
    return CodedSection(Section(kind, first, last, 0, len(data), count, crc32c(data)), data)
