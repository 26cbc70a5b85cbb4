"""Streams made straight from the core, with networks of random weights, and tools to damage them."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ralhe.bitstream import SECTION_BYTES, Header, assemble, crc32c
from ralhe.core import Encoder, Walked
from ralhe.core.encoder import CodedSection
from ralhe.octree import Codes
from ralhe.parameters import Parameters, QuantisedTensor, roots_of
from tests.scenes import random_attributes

FIXED_HEADER = 64
CONTRACTION_BYTES = 16
BASE_INPUTS, HARMONIC_INPUTS, SYNTHESIS_INPUTS = 47, 43, 22
ROW = struct.Struct("<4B4I")


@dataclass(frozen=True)
class Made:
    """A stream and everything it was made of."""

    data: bytes
    header: Header
    codes: Codes
    parameters: Parameters
    geometry: tuple[CodedSection, ...]
    walked: Walked
    encoder: Encoder


def header_for(codes: Codes, depth: int, degree: int = 0, *, hidden: tuple[int, int, int] = (8, 8, 0),
               **fields: object) -> Header:  # fmt: skip
    """A header over the box [0, 2**depth)^3 with voxels of edge 1."""
    base = Header(
        sh_degree=degree,
        depth=depth,
        lookahead=2,
        leaves=len(codes),
        source_gaussians=len(codes),
        origin=(0.0, 0.0, 0.0),
        voxel=1.0,
        bounding_box=(0.0, 0.0, 0.0, 1.0, 2.0, 3.0),
        hidden=(hidden[0], hidden[1] if degree else 0, hidden[2]),
    )
    return replace(base, **fields)  # type: ignore[arg-type]


def channels_of(degree: int) -> int:
    """Attributes of a Gaussian: 10 and the harmonics of three planes."""
    return 10 + 3 * ((degree + 1) ** 2 - 1)


def make_stream(codes: Codes, depth: int, degree: int = 0, *, seed: int = 0, lmbda: float = 0.02, spread: float = 0.1,
                record_every: int = 0, attributes: npt.NDArray[np.float32] | None = None,
                basis: npt.NDArray[np.int32] | None = None, **fields: object) -> Made:  # fmt: skip
    """Codes random attributes of leaves under networks whose weights are about `spread` in size."""
    header = header_for(codes, depth, degree, **fields)  # type: ignore[arg-type]
    rng = np.random.default_rng(seed)
    channels = channels_of(degree)
    encoder = Encoder(header.pack(), codes, header.lookahead)
    geometry = encoder.geometry()
    values = random_attributes(len(codes), channels, seed) if attributes is None else attributes
    root = encoder.set_targets(values, rng.uniform(0.2, 2.0, (len(codes), 3)))
    parameters = random_parameters(header, root, rng, spread)
    if basis is not None:
        parameters = replace(parameters, basis=basis.reshape(-1))
    assert len(parameters.flat()) == encoder.parameter_count
    walked = encoder.walk(parameters.flat(), np.ones(channels), lmbda, record_every)
    data = assemble(header, walked.parameters, geometry, walked.attributes)
    return Made(data, header, codes, parameters, geometry, walked, encoder)


def random_parameters(header: Header, root: npt.NDArray[np.floating], rng: np.random.Generator,
                      spread: float) -> Parameters:  # fmt: skip
    """Steps near 1/4, networks and basis at random; half of the runs of weights are zero."""
    channels, harmonics = channels_of(header.sh_degree), (header.sh_degree + 1) ** 2 - 1
    steps = rng.integers(110, 150, channels).astype(np.int32)
    base, harmonic, synthesis = header.hidden
    entropy = [_network(rng, spread, BASE_INPUTS, base, 10, skip=90, flags=0)]
    if harmonics:
        flags = 2 * header.sh_degree + 1
        entropy.append(_network(rng, spread, HARMONIC_INPUTS, harmonic, 3 * harmonics, skip=0, flags=flags))
    basis = np.zeros(0, np.int32)
    if header.has_basis:
        planes = rng.integers(-40, 41, (3, harmonics, harmonics))
        planes[:, range(harmonics), range(harmonics)] = 120
        basis = planes.reshape(-1).astype(np.int32)
    corrections: tuple[QuantisedTensor, ...] = ()
    if synthesis:
        sizes = (SYNTHESIS_INPUTS * synthesis, synthesis, channels * synthesis, channels)
        corrections = tuple(_tensor(rng, size, spread) for size in sizes)
    return Parameters(steps, roots_of(root, steps), tuple(entropy), basis, corrections)


def _network(rng: np.random.Generator, spread: float, inputs: int, hidden: int, channels: int, *, skip: int,
             flags: int) -> tuple[QuantisedTensor, ...]:  # fmt: skip
    outputs = 3 * channels
    sizes = (inputs * hidden, hidden, channels * hidden, outputs * hidden, outputs, skip, flags * hidden, flags)
    return tuple(_tensor(rng, size, spread) for size in sizes)


def _tensor(rng: np.random.Generator, size: int, spread: float) -> QuantisedTensor:
    values = rng.normal(scale=spread, size=size) * (rng.random(size) < 0.5)
    return QuantisedTensor.of(values, int(rng.integers(8, 13)))


def table_start(data: bytes) -> int:
    """Offset of the table of sections."""
    return FIXED_HEADER + (CONTRACTION_BYTES if data[5] & 2 else 0)


def rows_of(data: bytes) -> list[list[int]]:
    """Rows of the table: kind, first level, last level, zero, offset, length, count, checksum."""
    start, count = table_start(data), data[14] | data[15] << 8
    return [list(ROW.unpack_from(data, start + SECTION_BYTES * i)) for i in range(count)]


def rebuild(head: bytes, rows: list[list[int]], sections: list[bytes]) -> bytes:
    """A stream whose offsets, lengths and checksums are right, whatever its fields say."""
    head = head[:14] + struct.pack("<H", len(rows)) + head[16 : table_start(head)]
    offset = len(head) + SECTION_BYTES * len(rows) + 4
    for row, section in zip(rows, sections, strict=True):
        head += ROW.pack(*row[:4], offset, len(section), row[6], crc32c(section))
        offset += len(section)
    return head + struct.pack("<I", crc32c(head)) + b"".join(sections)


def sections_of(data: bytes) -> list[bytes]:
    """Bytes of the sections of a sound stream."""
    return [data[row[4] : row[4] + row[5]] for row in rows_of(data)]


def sealed(data: bytes) -> bytes:
    """The same bytes with the header's checksum made right."""
    end = table_start(data) + SECTION_BYTES * len(rows_of(data))
    return data[:end] + struct.pack("<I", crc32c(data[:end])) + data[end + 4 :]
