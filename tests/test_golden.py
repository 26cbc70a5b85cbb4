"""Streams made once decode to the same bits for ever, on every machine; golden/make.py says how they were made."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ralhe import bitstream
from ralhe.bitstream import VERSION
from ralhe.gaussians import Gaussians
from scenes import FIELDS

FOLDER = Path(__file__).with_name("golden")
KNOWN: dict[str, dict[str, Any]] = json.loads((FOLDER / "digests.json").read_text())
MAX_BYTES = 50_000


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
