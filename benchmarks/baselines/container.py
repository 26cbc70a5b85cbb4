"""The file of a baseline: its design, positions, codebook and indices, then attributes as the design codes them."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from benchmarks.baselines import positions, symbols
from benchmarks.baselines.model import Model
from benchmarks.baselines.quantisation import Codebook
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
    head = struct.pack("<BB", scene.sh.shape[1], model.antialiased)
    return join([head, positions.encode(scene.codes, scene.grid), book.entries.tobytes(), indices])


def decode_geometry(data: bytes) -> Geometry:
    """What `encode_geometry` was given, as far as a decoder needs it."""
    head, places, entries, indices = split(data)
    codes, grid = positions.decode(places)
    book = np.frombuffer(entries, np.float16).reshape(-1, 6)
    coefficients, antialiased = struct.unpack("<BB", head)
    codebook = Codebook(book, symbols.decode_indices(indices, len(codes), len(book)))
    return Geometry(codes, grid, codebook, coefficients, bool(antialiased))
