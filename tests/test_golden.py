"""Streams made once decode to the same bits for ever, on every machine; golden/make.py says how they were made."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ralhe import bitstream
from ralhe.bitstream import VERSION
from ralhe.gaussians import Gaussians
from tests.scenes import FIELDS

FOLDER = Path(__file__).with_name("golden")
KNOWN: dict[str, dict[str, Any]] = json.loads((FOLDER / "digests.json").read_text())
MAX_BYTES = 50_000
SPECIFICATION = Path(__file__).parents[1] / "SPEC.md"


def digest(gaussians: Gaussians, name: str) -> str:
    """SHA-256 of an array as little-endian float32."""
    return hashlib.sha256(np.ascontiguousarray(getattr(gaussians, name), "<f4").tobytes()).hexdigest()


def test_every_stream_has_its_digests() -> None:
    assert {path.stem for path in FOLDER.glob("*.ralhe")} == set(KNOWN)
    assert len(KNOWN) >= 4


@pytest.mark.parametrize("name", KNOWN)
def test_stream_is_the_one_that_was_digested(name: str) -> None:
    data = (FOLDER / f"{name}.ralhe").read_bytes()
    assert len(data) < MAX_BYTES
    assert hashlib.sha256(data).hexdigest() == KNOWN[name]["stream"]
    assert bitstream.info(data).version == VERSION


@pytest.mark.parametrize("name", KNOWN)
def test_every_level_decodes_to_the_same_bits(name: str) -> None:
    data = (FOLDER / f"{name}.ralhe").read_bytes()
    ends = bitstream.info(data).level_ends
    assert [str(level) for level, _ in ends] == list(KNOWN[name]["levels"])
    for level, _ in ends:
        decoded = bitstream.decode(data, level=level)
        found = {field: digest(decoded, field) for field in FIELDS}
        assert found == KNOWN[name]["levels"][str(level)], f"level {level}"


def test_golden_streams_cover_the_format() -> None:
    infos = {name: bitstream.info((FOLDER / f"{name}.ralhe").read_bytes()) for name in KNOWN}
    assert {info.sh_degree for info in infos.values()} == {0, 1, 2, 3}
    assert any(info.contracted for info in infos.values())
    assert any(info.antialiased for info in infos.values())
    assert any(info.hidden[2] for info in infos.values())
    assert max(info.depth for info in infos.values()) == 21
    assert len({info.lookahead for info in infos.values()}) == 3


def test_worked_example_of_the_specification_decodes_to_its_table() -> None:
    example = SPECIFICATION.read_text("utf-8").split("## 10. Worked example")[1].split("## 11.")[0]
    data = bytes.fromhex("".join(re.findall("^00[0-9a-f]0: (.*)$", example, re.MULTILINE)))
    rows = re.findall(r"^\| (?:0|1|61) \|(.*)\|$", example, re.MULTILINE)
    table = np.array([[float(number) for number in re.split("[|,]", row)] for row in rows], np.float32)
    assert len(data) == 156 and table.shape == (3, 14)
    decoded = bitstream.decode(data)
    columns = np.split(table, np.cumsum([3, 3, 4, 1]), axis=1)
    for field, expected in zip(FIELDS, columns, strict=True):
        np.testing.assert_array_equal(getattr(decoded, field).reshape(expected.shape), expected, err_msg=field)
