"""The file of a baseline: its design, positions, codebook and indices, then attributes as the design codes them."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from benchmarks.baselines import positions, symbols
from benchmarks.baselines.model import Model
from benchmarks.baselines.quantisation import Codebook, Integers
from ralhe.octree import Codes
from ralhe.prepare.voxels import VoxelGrid

LENGTH = struct.Struct("<I")


@dataclass(frozen=True)
class Geometry:
    """What a decoder knows before the attributes."""

    codes: Codes
    grid: VoxelGrid
    codebook: Codebook
    coefficients: int  # harmonics and the constant
    antialiased: bool


def join(parts: list[bytes]) -> bytes:
    """Parts, each behind its length."""
    return b"".join(LENGTH.pack(len(part)) + part for part in parts)


def split(data: bytes) -> list[bytes]:
    """What `join` was given."""
    parts, at = [], 0
    while at < len(data):
        end = at + LENGTH.size + LENGTH.unpack_from(data, at)[0]
        parts.append(data[at + LENGTH.size : end])
        at = end
    return parts


def encode_geometry(model: Model) -> bytes:
    """Everything but the attributes."""
    scene, book = model.scene, model.codebook
    indices = symbols.encode_indices(book.indices.copy(), len(book.entries))
    entries = [_encode_column(column) for column in book.entries.T]
    head = struct.pack("<BBH", scene.sh.shape[1], model.antialiased, len(book.entries))
    return join([head, positions.encode(scene.codes, scene.grid), *entries, indices])


def decode_geometry(data: bytes) -> Geometry:
    """What `encode_geometry` was given, as far as a decoder needs it."""
    head, places, *entries, indices = split(data)
    codes, grid = positions.decode(places)
    coefficients, antialiased, count = struct.unpack("<BBH", head)
    book = np.stack([_decode_column(column, count) for column in entries], axis=1)
    codebook = Codebook(book, symbols.decode_indices(indices, len(codes), count))
    return Geometry(codes, grid, codebook, coefficients, bool(antialiased))


def _encode_column(column: Integers) -> bytes:
    """The middle, then what is left."""
    middle = int(np.median(column))
    return struct.pack("<h", middle) + symbols.encode_weights(column - np.int32(middle))


def _decode_column(data: bytes, count: int) -> Integers:
    return symbols.decode_weights(data[2:], count) + np.int32(struct.unpack_from("<h", data)[0])
