"""`ralhe.read`, `ralhe.write` and the command as a process of its own: whole files or none, one line or none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ralhe
from tests.scenes import same_bits, sphere
from tests.streams import Made


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command line in a fresh process."""
    line = [sys.executable, "-c", "from ralhe.cli import main; main(prog_name='ralhe')", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)


def test_write_and_read_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "scene.RALHE"
    scene = sphere(6, 1)
    ralhe.write(path, scene)
    decoded = ralhe.read(path)
    assert path.stat().st_size <= 1_000_000
    assert len(decoded) == len(scene.take(scene.opacities >= 1 / 255))
    assert decoded.sh_degree == 1
    assert list(tmp_path.iterdir()) == [path]


def test_a_stream_that_cannot_be_made_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "scene.ralhe"
    path.write_bytes(b"old")

    def fail(*_: object, **__: object) -> None:
        raise ralhe.RateError("no stream fits")

    monkeypatch.setattr("ralhe.encoding.encode", fail)
    with pytest.raises(ralhe.RateError):
        ralhe.write(path, sphere(5))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_cut_stream_is_named(small_stream: Made, tmp_path: Path) -> None:
    path = tmp_path / "cut.ralhe"
    path.write_bytes(small_stream.data[:-1])
    with pytest.warns(ralhe.TruncatedNotice, match=r"^cut\.ralhe is cut at byte"):
        ralhe.read(path)


def test_a_decoded_ply_is_the_decoded_scene(small_stream: Made, tmp_path: Path) -> None:
    decoded = ralhe.decode(small_stream.data)
    ralhe.write(tmp_path / "scene.ply", decoded)
    assert same_bits(ralhe.read(tmp_path / "scene.ply"), decoded)


def test_process_encodes_informs_and_decodes(tmp_path: Path) -> None:
    scene, stream, back = (tmp_path / name for name in ("scene.ply", "scene.ralhe", "back.ply"))
    ralhe.write(scene, sphere(60, 1))
    encoded = command("encode", scene, stream, "--size", "3kB", "--preset", "fast")
    assert encoded.returncode == 0, encoded.stderr
    assert stream.stat().st_size <= 3000
    informed = command("info", stream)
    assert informed.returncode == 0
    assert f"{stream.stat().st_size:,} bytes" in informed.stdout
    decoded = command("decode", stream, back)
    assert decoded.returncode == 0
    assert len(ralhe.read(back)) == ralhe.info(stream.read_bytes()).leaves


@pytest.mark.parametrize("content", [None, b"", b"RALH", b"ply\n", bytes(200)])
def test_process_says_one_line_of_a_bad_stream(content: bytes | None, tmp_path: Path) -> None:
    stream, back = tmp_path / "broken.ralhe", tmp_path / "back.ply"
    if content is not None:
        stream.write_bytes(content)
    result = command("decode", stream, back)
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert "broken.ralhe" in result.stderr
    assert "Traceback" not in result.stderr
    assert not back.exists()


def test_process_says_one_line_of_a_cut_stream(small_stream: Made, tmp_path: Path) -> None:
    stream, back = tmp_path / "cut.ralhe", tmp_path / "back.ply"
    stream.write_bytes(small_stream.data[: ralhe.info(small_stream.data).level_ends[0][1] - 1])
    result = command("decode", stream, back)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert "cut.ralhe" in result.stderr
    assert not back.exists()


def test_decoding_needs_no_torch(small_stream: Made, tmp_path: Path) -> None:
    stream = tmp_path / "small.ralhe"
    stream.write_bytes(small_stream.data)
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['torch', 'numba', 'scipy'])); import ralhe\n"
        "print(len(ralhe.read(sys.argv[1])))"
    )
    line = [sys.executable, "-c", code, str(stream)]
    result = subprocess.run(line, capture_output=True, text=True, timeout=60, check=True)
    assert int(result.stdout) == len(small_stream.codes)


def test_levels_of_one_stream_differ(plain_stream: Made) -> None:
    levels = [level for level, _ in ralhe.info(plain_stream.data).level_ends]
    counts = [len(ralhe.decode(plain_stream.data, level=level)) for level in levels]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1] == len(plain_stream.codes)
    assert np.isfinite(ralhe.decode(plain_stream.data, level=levels[0]).log_scales).all()
