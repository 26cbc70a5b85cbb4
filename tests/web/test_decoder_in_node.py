"""The decoder of the viewer, in node: every golden stream gives the bits that Python has, and bad ones fail alike."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ralhe
from ralhe.bitstream import SECTION_BYTES
from ralhe.core.instance import WASM
from ralhe.errors import BitstreamError
from ralhe.web.page import source
from tests.scenes import scene_of
from tests.streams import Made, rows_of, sealed, table_start

GOLDEN = Path(__file__).parents[1] / "golden"
KNOWN: dict[str, Any] = json.loads((GOLDEN / "digests.json").read_text())
SCRIPT = Path(__file__).with_name("digest.mjs")
OLDEST = 18


@pytest.fixture(scope="module")
def node() -> str:
    """The program; tests are skipped where there is none, or too old a one."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("the decoder in node is not tested: node is not installed")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").split(".")[0]) < OLDEST:
        pytest.skip(f"the decoder in node is not tested: node is {version.strip()}, older than {OLDEST}")
    return found


def decoded(node: str, stream: Path, chunk: int = 1 << 30) -> dict[str, Any]:
    """What digest.mjs says of a stream that comes in chunks of so many bytes."""
    command = [node, str(SCRIPT), str(source("decoder.js")), str(WASM), str(stream), str(chunk)]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    return found


@pytest.mark.parametrize("name", KNOWN)
def test_golden_streams_decode_to_the_same_bits(node: str, name: str) -> None:
    found = decoded(node, GOLDEN / f"{name}.ralhe", chunk=777)
    assert found["levels"] == KNOWN[name]["levels"]
    assert (found["failure"], found["notice"]) == (None, None)


def test_facts_and_ends_of_levels_are_those_of_python(node: str) -> None:
    path = GOLDEN / "sh3.ralhe"
    info = ralhe.info(path.read_bytes())
    found = decoded(node, path)
    assert found["bytes"] == {str(level): end for level, end in info.level_ends}
    assert found["facts"] == {"depth": info.depth, "count": info.leaves, "shDegree": 3, "antialiased": True,
                              "coordinates": info.coordinates, "totalBytes": info.size}  # fmt: skip


def test_chunks_of_one_byte_make_no_difference(node: str, small_stream: Made, tmp_path: Path) -> None:
    path = tmp_path / "small.ralhe"
    path.write_bytes(small_stream.data)
    whole, drop_by_drop = decoded(node, path), decoded(node, path, chunk=1)
    assert whole["levels"] and whole["failure"] is None
    assert drop_by_drop == whole


def test_sources_that_stall_or_lie_end_as_they_should(node: str, small_stream: Made, tmp_path: Path) -> None:
    path = tmp_path / "small.ralhe"
    path.write_bytes(small_stream.data)
    command = [node, str(SCRIPT.with_name("sources.mjs")), str(source("decoder.js")), str(WASM), str(path)]
    found = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    levels = len(ralhe.info(small_stream.data).level_ends)
    stopped = {"levels": levels - 1, "notice": None, "failure": "enough"}
    assert found == {
        "a stream that stalls": stopped,
        "a stream that stalls in its header": stopped | {"levels": 0},
        "an iterable that stalls": stopped,
        "the reason given to the stream": "enough",
        "a length of more than there is": {"levels": levels, "notice": None, "failure": None},
        "bytes after a push that nobody iterates": len(small_stream.data),
    }


def test_cut_stream_gives_its_levels_and_a_notice(node: str, small_stream: Made, tmp_path: Path) -> None:
    ends = ralhe.info(small_stream.data).level_ends
    level, end = ends[-2]
    path = tmp_path / "cut.ralhe"
    path.write_bytes(small_stream.data[: end + 5])
    found = decoded(node, path)
    assert list(found["levels"])[-1] == str(level)
    whole = len(small_stream.data)
    assert found["notice"] == f"the stream is cut at byte {end + 5} of {whole}: level {level} of {ends[-1][0]}"


def test_corrupt_section_fails_after_the_levels_before_it(node: str, small_stream: Made, tmp_path: Path) -> None:
    ends = ralhe.info(small_stream.data).level_ends
    damaged = bytearray(small_stream.data)
    damaged[-1] ^= 1
    path = tmp_path / "damaged.ralhe"
    path.write_bytes(damaged)
    found = decoded(node, path)
    assert list(found["levels"]) == [str(level) for level, _ in ends[:-1]]
    assert found["failure"] == "StreamError: a section is damaged (checksum); fetch the file again"


def test_scenes_without_levels_are_shown_whole(node: str, tmp_path: Path) -> None:
    path = tmp_path / "empty.ralhe"
    nothing = scene_of(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros((0, 4)), np.zeros(0), np.zeros((0, 1, 3)))
    path.write_bytes(ralhe.encode(nothing, size=1000))
    found = decoded(node, path)
    assert (found["failure"], found["facts"]["count"], list(found["levels"])) == (None, 0, ["0"])


def hostile(data: bytes) -> dict[str, bytes]:
    """Streams that must be refused."""
    version, field, checksum, offset = (bytearray(data) for _ in range(4))
    version[4] = 2
    field[9] = 7  # look-ahead
    checksum[20] ^= 1
    offset[14] = 200  # sections
    rows = rows_of(data)
    length = table_start(data) + SECTION_BYTES * (len(rows) - 1) + 8
    huge = bytearray(data)
    huge[length : length + 4] = (0x7FFFFFFF - rows[-1][4]).to_bytes(4, "little")
    return {"no stream": b"<!doctype html><p>not found, sorry</p>" * 9, "version": bytes(version),
            "field": sealed(bytes(field)), "checksum": bytes(checksum), "sections": bytes(offset),
            "header": data[:100], "few bytes": data[:3], "nothing": b"", "trailing": data + b"x",
            "before the first level": data[: rows[0][4] + 3], "huge": sealed(bytes(huge))}  # fmt: skip


@pytest.mark.parametrize("what", ["no stream", "version", "field", "checksum", "sections", "header", "few bytes",
                                  "nothing", "trailing", "before the first level"])  # fmt: skip
def test_refuses_in_the_words_of_python(node: str, what: str, small_stream: Made, tmp_path: Path) -> None:
    data = hostile(small_stream.data)[what]
    with pytest.raises(BitstreamError) as refused:
        ralhe.decode(data)
    path = tmp_path / "hostile.ralhe"
    path.write_bytes(data)
    assert decoded(node, path, chunk=64)["failure"] == f"StreamError: {refused.value}"


def test_takes_no_memory_for_bytes_a_header_only_claims(node: str, small_stream: Made, tmp_path: Path) -> None:
    path = tmp_path / "huge.ralhe"
    path.write_bytes(hostile(small_stream.data)["huge"])
    assert "a browser takes" in decoded(node, path)["failure"]
