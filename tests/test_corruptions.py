"""Ten thousand damaged streams: each decodes or raises BitstreamError, soon, in little memory, to finite numbers.

Most get their checksums made right again, so that what runs on garbage is the decoder, not the checksum.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ralhe import bitstream
from ralhe.bitstream import assemble
from ralhe.core import Decoder
from ralhe.errors import BitstreamError
from ralhe.parameters import QuantisedTensor
from tests.scenes import all_finite, chain_codes, full_cube_codes, surface_codes, uniform_codes
from tests.streams import channels_of, make_stream, rebuild, rows_of, sealed, sections_of, table_start

CHUNKS, CHUNK = 20, 500
SECONDS_EACH = 2.0  # of one core
SECONDS_CHUNK = 60.0
MEMORY_EACH = 256 << 20
"""Bytes: a level may have 65,536 nodes and 64 more for each byte before it."""

HOSTILE_INTEGERS = (0, 1, 2, 7, 8, 255, 256, 65535, 65536, 100_000, 2**24, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)
HOSTILE_FLOATS = (0.0, -0.0, 1e-45, 1e-38, 1e-20, 1.0, -1e10, 1e20, 3.4e38, float("inf"), float("nan"))

Rng = np.random.Generator
Corruption = Callable[[bytes, bytes, Rng], bytes]


@pytest.fixture(scope="module")
def sound() -> list[bytes]:
    """Streams of every kind, none above 13 kB."""
    contracted: dict[str, Any] = {"contraction": (1.0, 2.0, 3.0, 0.5), "origin": (-2.0,) * 3, "voxel": 4.0 / 64}
    streams = [
        make_stream(surface_codes(320, 6), 6, 1, hidden=(4, 4, 4), has_basis=True, lmbda=0.5, **contracted),
        make_stream(uniform_codes(60, 5), 5, 0, hidden=(4, 0, 0)),
        make_stream(uniform_codes(400, 8), 8, 0, hidden=(8, 0, 8), spread=1.0),
        make_stream(surface_codes(80, 7), 7, 3, hidden=(4, 8, 0), lmbda=0.5),
        make_stream(uniform_codes(100, 21), 21, 2, hidden=(4, 4, 0), lmbda=0.5),
        make_stream(chain_codes(12), 12, 0, hidden=(4, 0, 4)),
        make_stream(np.zeros(1, np.uint64), 0, 1, hidden=(4, 4, 0)),
    ]
    return [made.data for made in streams]


def flipped(data: bytes, rng: Rng, start: int, end: int) -> bytes:
    """One to eight bits of data[start:end] turned over."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 9))):
        if end > start:
            changed[int(rng.integers(start, end))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def flip_anywhere(data: bytes, other: bytes, rng: Rng) -> bytes:
    """Bits of the file, checksums as they were."""
    return flipped(data, rng, 0, len(data))


def flip_in_sections(data: bytes, other: bytes, rng: Rng) -> bytes:
    """Bits of one section, checksums right."""
    sections = sections_of(data)
    i = int(rng.integers(len(sections)))
    sections[i] = flipped(sections[i], rng, 0, len(sections[i]))
    return rebuild(data, rows_of(data), sections)


def flip_in_header(data: bytes, other: bytes, rng: Rng) -> bytes:
    """Bits of header and table, checksum right."""
    end = table_start(data) + 20 * len(rows_of(data))
    try:
        return sealed(flipped(data, rng, 5, end))
    except struct.error:  # a count of sections beyond the file leaves no place for a checksum
        return data[:end]


def hostile_field(data: bytes, other: bytes, rng: Rng) -> bytes:
    """One field of the header at a limit of its type, checksum right."""
    changed = bytearray(data)
    if rng.random() < 0.5:
        offset = int(rng.choice([*range(6, 14), 16, 20]))
        layout = "<I" if offset >= 16 else "<B"
        value = int(rng.choice(HOSTILE_INTEGERS)) & (2**32 - 1 if offset >= 16 else 255)
        struct.pack_into(layout, changed, offset, value if rng.random() < 0.7 else value & 15)
    else:
        struct.pack_into("<f", changed, 24 + 4 * int(rng.integers(14)), float(rng.choice(HOSTILE_FLOATS)))
    return sealed(bytes(changed))


def hostile_table(data: bytes, other: bytes, rng: Rng) -> bytes:
    """Levels, lengths, offsets and counts of one row at the limits of their types, checksum right."""
    changed = bytearray(data)
    row = table_start(data) + 20 * int(rng.integers(len(rows_of(data))))
    for _ in range(int(rng.integers(1, 3))):
        if rng.random() < 0.4:
            changed[row + int(rng.integers(3))] = int(rng.integers(23))
        else:
            struct.pack_into("<I", changed, row + 4 * int(rng.integers(1, 4)), int(rng.choice(HOSTILE_INTEGERS)))
    return sealed(bytes(changed))


def hostile_counts(data: bytes, other: bytes, rng: Rng) -> bytes:
    """Every level grows to the same large count and the leaves with it; checksums right, sections random."""
    rows, sections = rows_of(data), sections_of(data)
    count = int(rng.choice([9, 100, 1000, 30_000, 65_536, 70_000, 100_000]))
    for i in range(1, len(rows)):
        rows[i][6] = count
        if rng.random() < 0.5:
            sections[i] = rng.bytes(int(rng.integers(0, 2000)))
    head = bytearray(data)
    struct.pack_into("<I", head, 16, count)
    return rebuild(bytes(head), rows, sections)


def splice_section(data: bytes, other: bytes, rng: Rng) -> bytes:
    """A section of another stream in place of one of the same kind or any, checksums right."""
    sections, foreign = sections_of(data), sections_of(other)
    i = int(rng.integers(len(sections)))
    sections[i] = foreign[int(rng.integers(len(foreign)))]
    return rebuild(data, rows_of(data), sections)


def splice_header(data: bytes, other: bytes, rng: Rng) -> bytes:
    """The header of one stream over the sections of another, checksums right."""
    return rebuild(other, rows_of(data), sections_of(data))


def exchange_sections(data: bytes, other: bytes, rng: Rng) -> bytes:
    """Sections in another order, with or without their rows."""
    rows, sections = rows_of(data), sections_of(data)
    order = rng.permutation(len(rows))
    if rng.random() < 0.5:
        rows = [rows[i] for i in order]
    return rebuild(data, rows, [sections[i] for i in order])


def refill_section(data: bytes, other: bytes, rng: Rng) -> bytes:
    """One section empty, all zeros, all ones, random, shortened or lengthened, checksums right."""
    sections = sections_of(data)
    i = int(rng.integers(len(sections)))
    n = len(sections[i])
    cut = int(rng.integers(n + 1))
    fillings = [b"", bytes(n), b"\xff" * n, rng.bytes(n), sections[i][:cut], sections[i] + rng.bytes(cut)]
    sections[i] = fillings[int(rng.integers(len(fillings)))]
    return rebuild(data, rows_of(data), sections)


def cut_or_continue(data: bytes, other: bytes, rng: Rng) -> bytes:
    """A prefix, followed by nothing, noise or another stream."""
    tails = (b"", rng.bytes(int(rng.integers(1, 200))), other)
    return data[: int(rng.integers(len(data) + 1))] + tails[int(rng.integers(3))]


CORRUPTIONS: tuple[Corruption, ...] = (
    flip_anywhere,
    flip_in_sections,
    flip_in_sections,
    flip_in_header,
    hostile_field,
    hostile_table,
    hostile_counts,
    splice_section,
    splice_header,
    exchange_sections,
    refill_section,
    cut_or_continue,
)


def outcome(data: bytes) -> str:
    """The word decoded, or the message; asserts what every decode owes its caller."""
    began = time.process_time()
    decoder = None
    try:
        decoder = Decoder(data)
        decoder.advance()
        gaussians = decoder.gaussians()
        said = "decoded"
    except BitstreamError as error:
        gaussians, said = None, str(error)
    assert time.process_time() - began < SECONDS_EACH
    if decoder is not None:
        assert decoder._core._memory.data_len(decoder._core._store) <= MEMORY_EACH
    if decoder is not None and gaussians is not None:
        assert all_finite(gaussians)
        assert len(gaussians) in {s.count for s in decoder.info.sections} | {decoder.info.leaves}
    assert "\n" not in said
    return said


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_corruptions(chunk: int, sound: list[bytes]) -> None:
    began = time.process_time()
    seen: dict[str, int] = {}
    for i in range(CHUNK):
        rng = np.random.default_rng([chunk, i])
        data, other = (sound[int(rng.integers(len(sound)))] for _ in range(2))
        corruption = CORRUPTIONS[i % len(CORRUPTIONS)]
        try:
            said = outcome(corruption(data, other, rng))
        except Exception as error:
            raise AssertionError(f"{corruption.__name__}, rng [{chunk}, {i}]: {error!r}") from error
        seen[said] = seen.get(said, 0) + 1
    assert time.process_time() - began < SECONDS_CHUNK
    assert seen["decoded"] > CHUNK // 20, seen
    assert len(seen) >= 6, seen


def test_sound_streams_decode(sound: list[bytes]) -> None:
    assert [outcome(data) for data in sound] == ["decoded"] * len(sound)
    assert [rebuild(data, rows_of(data), sections_of(data)) for data in sound] == sound
    assert [sealed(data) for data in sound] == sound


@pytest.mark.parametrize("chain", [0, 16])
@pytest.mark.parametrize("degree", [0, 3])
def test_most_work_that_few_bytes_ask_for(chain: int, degree: int) -> None:
    """A cube of 32,768 nodes, the widest networks, levels without branches below it: all for 2 kB."""
    codes = full_cube_codes(5) << np.uint64(3 * chain)
    constant = np.zeros((len(codes), channels_of(degree)), np.float32)
    made = make_stream(codes, 5 + chain, degree, spread=0.0, hidden=(64, 64, 64), attributes=constant)
    certain = tuple(_certain_of_zero(network) for network in made.parameters.entropy)
    parameters = replace(made.parameters, entropy=certain)
    walked = made.encoder.walk(parameters.flat(), np.ones(channels_of(degree)), 0.0)
    data = assemble(made.header, walked.parameters, made.geometry, walked.attributes)
    assert len(data) < 2500
    assert outcome(data) == "decoded"
    sections = sections_of(data)
    for i, row in enumerate(rows_of(data)):
        if row[0] == 2:
            sections[i] = np.random.default_rng(i).bytes(100_000)
    outcome(rebuild(data, rows_of(data), sections))  # within its limits, whatever it says


def _certain_of_zero(network: tuple[QuantisedTensor, ...]) -> tuple[QuantisedTensor, ...]:
    """The network with laws so narrow that a zero costs next to nothing, and flags that are hardly ever set."""
    *tensors, laws, skip, flags, flag_biases = network
    narrow = np.tile([0.0, -3.5, -3.5], len(laws.values) // 3)
    unset = np.full(len(flag_biases.values), -10.0)
    return (*tensors, QuantisedTensor.of(narrow, 5), skip, flags, QuantisedTensor.of(unset, 5))


@pytest.mark.filterwarnings("ignore::ralhe.TruncatedNotice")
def test_decode_raises_nothing_else(sound: list[bytes]) -> None:
    for i in range(300):
        rng = np.random.default_rng([99, i])
        data = CORRUPTIONS[i % len(CORRUPTIONS)](sound[i % len(sound)], sound[0], rng)
        level = None if i % 3 else int(rng.integers(1, 22))
        try:
            assert all_finite(bitstream.decode(data, level=level, max_bytes=int(rng.integers(0, 10_000))))
        except BitstreamError as error:
            assert str(error)


def test_nothing_is_to_be_had_after_a_section_broke_midway(sound: list[bytes]) -> None:
    data = sound[2]
    rows, sections = rows_of(data), sections_of(data)
    assert len(sections[-1]) > 60
    sections[-1] = sections[-1][:40]
    decoder = Decoder(rebuild(data, rows, sections))
    for _ in range(3):
        with pytest.raises(BitstreamError, match="a section is damaged"):
            decoder.advance()
    with pytest.raises(BitstreamError, match="a section is damaged"):
        decoder.gaussians()
