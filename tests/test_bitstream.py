"""The container: prefixes, truncation, and what a reader is told of bytes that are not a whole stream."""

from __future__ import annotations

import itertools
import struct
import warnings

import numpy as np
import pytest

from ralhe import bitstream
from ralhe.bitstream import MAGIC, VERSION, Header, TruncatedNotice, assemble_empty, crc32c
from ralhe.errors import BitstreamError
from ralhe.gaussians import COORDINATES
from ralhe.prepare import VoxelGrid
from tests.scenes import all_finite, full_cube_codes, same_bits, surface_codes, uniform_codes
from tests.streams import Made, make_stream, rebuild, rows_of, sealed, sections_of, table_start

CRC_CHECK_VALUE = 0xE3069283
"""CRC-32C of "123456789", as every catalogue of checksums gives it."""


@pytest.fixture(params=["small", "plain", "cube"])
def made(request: pytest.FixtureRequest) -> Made:
    if request.param == "cube":
        return make_stream(full_cube_codes(4), 4, 2, seed=5)
    stream: Made = request.getfixturevalue(f"{request.param}_stream")
    return stream


def field(data: bytes, offset: int, layout: str, *values: float) -> bytes:
    """The stream with header fields overwritten and the header's checksum made right."""
    changed = bytearray(data)
    struct.pack_into(layout, changed, offset, *values)
    return sealed(bytes(changed))


def with_row(data: bytes, row: int, column: int, value: int) -> bytes:
    """The stream with one cell of the table overwritten; columns as `streams.rows_of`."""
    cell = (0, 1, 2, 3, 4, 8, 12, 16)[column]
    return field(data, table_start(data) + 20 * row + cell, "<B" if column < 4 else "<I", value)


def test_checksum_is_castagnoli() -> None:
    assert crc32c(b"123456789") == CRC_CHECK_VALUE
    assert crc32c(b"") == 0


def test_every_level_boundary_decodes(made: Made) -> None:
    info = bitstream.info(made.data)
    counts = {s.last_level + 1: s.count for s in info.sections if s.kind == "attributes"}
    assert [level for level, _ in info.level_ends] == sorted(counts)
    for _, end in info.level_ends:
        level = max(other for other, at in info.level_ends if at == end)  # levels without merges take no bytes
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            cut = bitstream.decode(made.data[:end])
        assert [w.category for w in caught] == ([] if end == len(made.data) else [TruncatedNotice])
        assert len(cut) == counts[level] == made.encoder.nodes[level]
        assert all_finite(cut)
        assert same_bits(cut, bitstream.decode(made.data, level=level))
        assert same_bits(cut, bitstream.decode(made.data, max_bytes=end))


def test_one_byte_less_than_a_boundary_is_the_level_before(plain_stream: Made) -> None:
    ends = bitstream.info(plain_stream.data).level_ends
    for (level, before), (_, end) in itertools.pairwise(ends):
        if end > before:
            shorter = bitstream.decode(plain_stream.data, max_bytes=end - 1)
            assert len(shorter) == plain_stream.encoder.nodes[level]


def test_nodes_of_a_level_lie_in_their_voxels(plain_stream: Made) -> None:
    for level, _ in bitstream.info(plain_stream.data).level_ends:
        cells = VoxelGrid(level, (0.0, 0.0, 0.0), float(2 ** (10 - level)))
        nodes = bitstream.decode(plain_stream.data, level=level)
        parents = np.unique(plain_stream.codes >> np.uint64(3 * (10 - level)))
        assert np.array_equal(cells.codes(nodes.positions), parents)


def test_each_level_is_nearer_to_the_leaves(plain_stream: Made) -> None:
    leaves = bitstream.decode(plain_stream.data)
    errors = []
    for level, _ in bitstream.info(plain_stream.data).level_ends:
        nodes = bitstream.decode(plain_stream.data, level=level)
        parents = plain_stream.codes >> np.uint64(3 * (10 - level))
        ancestor = np.searchsorted(np.unique(parents), parents)
        errors.append(float(((nodes.positions[ancestor] - leaves.positions) ** 2).mean()))
    assert errors[-1] == 0.0
    assert all(a >= b for a, b in itertools.pairwise(errors))
    assert errors[0] > 10 * errors[-2]


def test_a_level_between_boundaries_is_the_one_below(plain_stream: Made) -> None:
    levels = [level for level, _ in bitstream.info(plain_stream.data).level_ends]
    first = levels[0]
    assert first > 1
    with pytest.raises(BitstreamError, match=f"level is {first - 1}, but the coarsest that this stream has is {first}"):
        bitstream.decode(plain_stream.data, level=first - 1)
    assert len(bitstream.decode(plain_stream.data, level=21)) == len(plain_stream.codes)


def test_geometry_comes_no_earlier_than_it_is_leant_on(plain_stream: Made) -> None:
    sections, lookahead = bitstream.info(plain_stream.data).sections, plain_stream.header.lookahead
    assert len([s for s in sections if s.kind == "geometry"]) > 2
    for i, section in enumerate(sections):
        if section.kind == "geometry":
            leaning = next(s for s in sections[i:] if s.kind == "attributes")
            assert section.first_level < leaning.last_level + 1 + lookahead


def test_an_even_scene_is_as_long_as_its_count_asks_for() -> None:
    leaves = 8**6 - 1
    made = make_stream(full_cube_codes(6)[:leaves], 6, attributes=np.zeros((leaves, 10), np.float32))
    longest = max(bitstream.info(made.data).sections, key=lambda s: s.count)
    end = longest.offset + longest.length
    assert longest.count == leaves
    assert leaves <= 65536 + 64 * end < leaves + 64
    section = made.data[longest.offset : end]
    assert section.endswith(bytes(1000))
    assert crc32c(section) == longest.crc
    assert len(bitstream.decode(made.data)) == leaves


def test_damage_behind_a_level_does_not_matter_to_it(plain_stream: Made) -> None:
    info = bitstream.info(plain_stream.data)
    for (level, end), (finer, _) in itertools.pairwise(info.level_ends):
        damaged = bytearray(plain_stream.data)
        damaged[end] ^= 1
        sound = bitstream.decode(plain_stream.data, max_bytes=end)
        assert same_bits(bitstream.decode(bytes(damaged), level=level), sound)
        with pytest.raises(BitstreamError, match="a section is damaged"):
            bitstream.decode(bytes(damaged), level=finer)


@pytest.mark.parametrize("level", [0, -1])
def test_level_out_of_range(plain_stream: Made, level: int) -> None:
    with pytest.raises(BitstreamError, match=f"level is {level}, expected 1 or more"):
        bitstream.decode(plain_stream.data, level=level)


def test_truncation_at_every_byte(small_stream: Made) -> None:
    data, ends = small_stream.data, bitstream.info(small_stream.data).level_ends
    first = ends[0][1]
    for size in range(len(data)):
        if size < first:
            with warnings.catch_warnings(action="error"), pytest.raises(BitstreamError, match="cut"):
                bitstream.decode(data[:size])
            continue
        with pytest.warns(TruncatedNotice, match=f"cut at byte {size} of {len(data)}"):
            decoded = bitstream.decode(data[:size])
        level = max(level for level, end in ends if end <= size)
        assert len(decoded) == small_stream.encoder.nodes[level]
        assert all_finite(decoded)


def test_a_level_that_the_cut_took_is_told(plain_stream: Made) -> None:
    (level, end), (finer, _) = bitstream.info(plain_stream.data).level_ends[1:3]
    with pytest.warns(TruncatedNotice, match=f"level {level} of"):
        assert len(bitstream.decode(plain_stream.data[:end], level=finer)) == plain_stream.encoder.nodes[level]
    with pytest.warns(TruncatedNotice, match=f"level {level} of"):
        bitstream.decode(plain_stream.data[:end], max_bytes=end + 1)
    with warnings.catch_warnings(action="error"):
        bitstream.decode(plain_stream.data[:end], level=level)
        bitstream.decode(plain_stream.data[:end], max_bytes=end)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cut within its header"),
        (b"R", "cut within its header"),
        (b"RALH", "cut within its header"),
        (b"ply\nformat ascii 1.0\n", r"not a \.ralhe stream"),
        (b"RALX" + bytes(100), r"not a \.ralhe stream"),
        (MAGIC + bytes([VERSION + 1]) + bytes(100), "update ralhe"),
        (MAGIC + bytes([0]) + bytes(100), "version this decoder does not know"),
        (MAGIC + bytes([VERSION]) + bytes(58), "cut within its header"),
    ],
)
def test_bytes_that_are_no_stream(data: bytes, message: str) -> None:
    with pytest.raises(BitstreamError, match=message):
        bitstream.decode(data)
    with pytest.raises(BitstreamError, match=message):
        bitstream.info(data)


def test_trailing_bytes_are_named(small_stream: Made) -> None:
    with pytest.raises(BitstreamError, match="bytes after the end"):
        bitstream.decode(small_stream.data + b"\0")


def test_trailing_bytes_of_an_empty_scene_are_named() -> None:
    empty = assemble_empty(Header(0, 0, 2, 0, 0, (0.0, 0.0, 0.0), 1.0, (0.0,) * 6, (4, 0, 0)))
    assert len(bitstream.decode(empty)) == 0
    with pytest.raises(BitstreamError, match="bytes after the end"):
        bitstream.decode(empty + b"more")


def test_a_changed_header_is_noticed(small_stream: Made) -> None:
    for offset in range(5, table_start(small_stream.data) + 20 * len(rows_of(small_stream.data)) + 4):
        changed = bytearray(small_stream.data)
        changed[offset] ^= 0x10
        with pytest.raises(BitstreamError):
            bitstream.info(bytes(changed))


def test_a_changed_section_is_noticed(small_stream: Made) -> None:
    row = rows_of(small_stream.data)[2]
    changed = bytearray(small_stream.data)
    changed[row[4] + row[5] // 2] ^= 1
    with pytest.raises(BitstreamError, match="checksum"):
        bitstream.decode(bytes(changed))


@pytest.mark.parametrize(
    ("offset", "layout", "value"),
    [
        (5, "<B", 0x8F),  # flags
        (6, "<B", 4),  # SH degree
        (7, "<B", 9),  # coordinates
        (8, "<B", 22),  # depth
        (9, "<B", 0),  # look-ahead
        (9, "<B", 5),
        (10, "<B", 0),  # network widths
        (10, "<B", 17),
        (11, "<B", 0),
        (12, "<B", 17),
        (24, "<f", float("nan")),  # origin
        (32, "<f", float("inf")),
        (36, "<f", 0.0),  # voxel
        (36, "<f", -1.0),
        (60, "<f", float("-inf")),  # bounding box
        (64, "<f", float("nan")),  # contraction centre
        (76, "<f", 0.0),  # contraction scale
    ],
)
def test_fields_out_of_range(small_stream: Made, offset: int, layout: str, value: float) -> None:
    with pytest.raises(BitstreamError, match="out of range"):
        bitstream.decode(field(small_stream.data, offset, layout, value))


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [
        (0, 0, 1),  # no parameters first
        (1, 0, 0),  # parameters twice
        (2, 0, 3),  # unknown kind
        (1, 1, 1),  # geometry that starts at level 1
        (1, 2, 6),  # geometry deeper than the octree
        (2, 2, 200),
        (2, 3, 1),  # a reserved byte
        (1, 4, 0),  # offsets that overlap
        (2, 4, 2**32 - 1),
        (1, 5, 2**32 - 1),  # lengths beyond the file
        (2, 5, 0),
    ],
)
def test_tables_that_contradict_themselves(small_stream: Made, row: int, column: int, value: int) -> None:
    with pytest.raises(BitstreamError, match="contradicts itself"):
        bitstream.decode(with_row(small_stream.data, row, column, value))


@pytest.mark.parametrize("count", [10**6, 2**32 - 1])
def test_more_nodes_than_the_bytes_can_hold(small_stream: Made, count: int) -> None:
    with pytest.raises(BitstreamError, match="more nodes than its bytes could hold"):
        bitstream.decode(with_row(small_stream.data, 1, 6, count))


@pytest.mark.parametrize("leaves", [1, 2**31, 2**32 - 1])
def test_leaves_that_the_table_denies(small_stream: Made, leaves: int) -> None:
    with pytest.raises(BitstreamError, match="contents contradict the header"):
        bitstream.decode(field(small_stream.data, 16, "<I", leaves))


def test_geometry_must_come_before_its_attributes(plain_stream: Made) -> None:
    rows, sections = rows_of(plain_stream.data), sections_of(plain_stream.data)
    rows[1], rows[2], sections[1], sections[2] = rows[2], rows[1], sections[2], sections[1]
    with pytest.raises(BitstreamError, match="contradicts itself"):
        bitstream.decode(rebuild(plain_stream.data, rows, sections))


@pytest.mark.parametrize("missing", [0, 1, 2, -1])
def test_a_missing_section_is_noticed(plain_stream: Made, missing: int) -> None:
    rows, sections = rows_of(plain_stream.data), sections_of(plain_stream.data)
    del rows[missing], sections[missing]
    with pytest.raises(BitstreamError, match="contradicts itself"):
        bitstream.decode(rebuild(plain_stream.data, rows, sections))


def test_header_fields_come_back() -> None:
    header = Header(2, 7, 3, 0, 123, (0.0, 1.0, 2.0), 0.5, (-1.0, -2.0, -3.0, 1.0, 2.0, 3.0), (8, 12, 16),
                    antialiased=True, coordinates="LUF", contraction=(0.0, 0.5, 1.0, 2.0))  # fmt: skip
    info = bitstream.info(assemble_empty(header))
    assert (info.version, info.sh_degree, info.depth, info.lookahead) == (VERSION, 2, 7, 3)
    assert (info.leaves, info.source_gaussians, info.hidden) == (0, 123, (8, 12, 16))
    assert info.bounding_box == ((-1.0, -2.0, -3.0), (1.0, 2.0, 3.0))
    assert info.antialiased and info.contracted
    assert info.coordinates == "LUF"


@pytest.mark.parametrize("coordinates", COORDINATES)
@pytest.mark.parametrize("antialiased", [False, True])
def test_tags_reach_the_scene(coordinates: str, antialiased: bool) -> None:
    made = make_stream(uniform_codes(30, 5), 5, coordinates=coordinates, antialiased=antialiased)
    decoded = bitstream.decode(made.data)
    assert decoded.coordinates == coordinates
    assert decoded.antialiased == antialiased


def test_contraction_keeps_leaves_apart() -> None:
    codes = surface_codes(500, 9)
    made = make_stream(codes, 9, contraction=(5.0, -5.0, 1.0, 0.25), origin=(-6.0,) * 3, voxel=12.0 / 512)
    grid = VoxelGrid(9, (-6.0,) * 3, 12.0 / 512, (5.0, -5.0, 1.0), 0.25)
    assert np.array_equal(grid.codes(bitstream.decode(made.data).positions), codes)
