"""The command line: what is printed, which files appear, exit codes."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import ralhe
from ralhe import cameras
from ralhe.cameras import Camera, View, Views
from ralhe.cli import main
from ralhe.cli.progress_bar import ProgressBar
from ralhe.gaussians import Gaussians
from ralhe.outcome import EncodeReport
from ralhe.progress import Progress
from tests.scenes import sphere
from tests.streams import Made

REPORT = EncodeReport(
    data=b"RALH made up",
    source_gaussians=30,
    dropped=2,
    kept=28,
    leaves=27,
    depth=8,
    sh_degree=0,
    lmbda=0.05,
    seconds=1.0,
    bits={"container": 96.0},
    attribute_error={"opacity": 0.1},
)


def run(*arguments: object) -> Result:
    """One command; never a traceback."""
    result = CliRunner().invoke(main, [str(a) for a in arguments], prog_name="ralhe")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def refused(*arguments: object) -> str:
    """The one line that a failing command prints."""
    result = run(*arguments)
    assert result.exit_code == 2
    lines = result.output.splitlines()
    assert len(lines) == 1, result.output
    assert lines[0].startswith("ralhe: ")
    return lines[0].removeprefix("ralhe: ")


@pytest.fixture
def stream(small_stream: Made, tmp_path: Path) -> Path:
    """A stream of a few dozen Gaussians."""
    path = tmp_path / "small.ralhe"
    path.write_bytes(small_stream.data)
    return path


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """A scene of thirty Gaussians."""
    path = tmp_path / "scene.ply"
    ralhe.write(path, sphere(30, degree=0))
    return path


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Options of every encode; none does any work."""
    seen: list[dict[str, Any]] = []

    def encode(gaussians: Gaussians, **options: Any) -> EncodeReport:
        seen.append({"count": len(gaussians), **options})
        return REPORT

    monkeypatch.setattr("ralhe.encoding.encode", encode)
    return seen


@pytest.fixture
def no_file_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder takes a file."""

    def full(**_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("ralhe.cli.failures.tempfile.TemporaryFile", full)


def test_encode_decode_info(scene: Path, tmp_path: Path) -> None:
    coded, back = tmp_path / "scene.ralhe", tmp_path / "back.ply"
    encoded = run("encode", scene, coded, "--lmbda", "0.5", "--preset", "fast", "--depth", "8")
    assert encoded.exit_code == 0, encoded.output
    assert "depth 8" in encoded.output
    decoded = run("decode", coded, back)
    assert decoded.exit_code == 0, decoded.output
    assert 0 < len(ralhe.read(back)) <= 30
    assert run("info", coded).exit_code == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["back.ply", "scene.ply", "scene.ralhe"]


def test_encode_passes_its_options_on(scene: Path, tmp_path: Path, calls: list[dict[str, Any]]) -> None:
    out = tmp_path / "out.ralhe"
    options = ["--size", "0.5MiB", "--preset", "best", "--sh-degree", "2", "--depth", "12"]
    assert run("encode", scene, out, *options).exit_code == 0
    expected = {"count": 30, "size": 524_288, "lmbda": None, "preset": "best", "sh_degree": 2, "depth": 12}
    assert {name: calls[0][name] for name in expected} == expected
    assert out.read_bytes() == REPORT.data


def test_encode_to_several_sizes(scene: Path, tmp_path: Path) -> None:
    result = run("encode", scene, tmp_path / "out", "--sizes", "3kB, 1.5kB", "--preset", "fast")
    assert result.exit_code == 0, result.output
    for name, size in (("3kB", 3000), ("1.5kB", 1500)):
        stream = tmp_path / "out" / f"{scene.stem}-{name}.ralhe"
        assert 0 < stream.stat().st_size <= size
        assert f"{stream}: " in result.output


def test_a_size_too_small_leaves_the_larger_streams(scene: Path, tmp_path: Path) -> None:
    result = run("encode", scene, tmp_path / "out", "--sizes", "3kB,140", "--preset", "fast")
    assert result.exit_code == 2
    assert result.output.splitlines()[-1].startswith(f"ralhe: {scene}: no stream of this scene fits 140 bytes")
    assert [p.name for p in (tmp_path / "out").iterdir()] == [f"{scene.stem}-3kB.ralhe"]


def test_a_size_that_no_stream_has_is_told_before_the_work(scene: Path, tmp_path: Path) -> None:
    result = run("encode", scene, tmp_path / "out", "--sizes", "3kB,40", "--preset", "fast")
    assert result.exit_code == 2
    note, error = result.output.splitlines()
    assert note == "note: 40 is a size in bytes; write 40kB for kilobytes"
    assert error.startswith(f"ralhe: {scene}: no stream of this scene fits 40 bytes")
    assert not any((tmp_path / "out").iterdir())


def test_encode_to_a_megabyte_by_default(scene: Path, tmp_path: Path, calls: list[dict[str, Any]]) -> None:
    result = run("encode", scene, tmp_path / "out.ralhe")
    assert (calls[0]["size"], calls[0]["lmbda"], calls[0]["preset"]) == (1_000_000, None, "default")
    assert "27 of 30 Gaussians, 2 unseen dropped" in result.output


def one_camera(folder: Path) -> Path:
    """A file of one camera, whose photo is missing."""
    frame = {"file_path": "one.png", "transform_matrix": np.eye(4).tolist()}
    lens = {"w": 40, "h": 30, "fl_x": 50, "fl_y": 50, "cx": 20, "cy": 15}
    (folder / "transforms.json").write_text(json.dumps({**lens, "frames": [frame]}))
    return folder / "transforms.json"


def test_images_without_a_photo_are_told(scene: Path, tmp_path: Path, calls: list[dict[str, Any]]) -> None:
    result = run("encode", scene, tmp_path / "out.ralhe", "--images", one_camera(tmp_path))
    assert result.exit_code == 0, result.output
    assert len(calls[0]["views"].fit + calls[0]["views"].test) == 1
    assert "no photo of its cameras can be used" in result.output
    assert "all its views are held out" in result.output


def test_images_with_a_photo_are_not_complained_of(
    scene: Path, tmp_path: Path, calls: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = View("one", Camera.looking_at(np.array([3.0, 0, 0]), np.zeros(3), np.array([0.0, 0, 1]), fov=1.0, width=40,
                                         height=30), tmp_path / "one.png")  # fmt: skip
    monkeypatch.setattr(cameras, "read", lambda _: Views((seen,), (), (0.0, 0.0, 0.0)))
    result = run("encode", scene, tmp_path / "out.ralhe", "--images", tmp_path)
    assert result.exit_code == 0, result.output
    assert calls[0]["views"].fit == (seen,)
    assert "no photo" not in result.output and "held out" not in result.output


def test_lambda_replaces_the_size(scene: Path, tmp_path: Path, calls: list[dict[str, Any]]) -> None:
    assert run("encode", scene, tmp_path / "out.ralhe", "--lmbda", "0.1").exit_code == 0
    assert (calls[0]["size"], calls[0]["lmbda"]) == (None, 0.1)


def test_lambda_zero_is_an_error_and_not_the_default(scene: Path, tmp_path: Path) -> None:
    assert "lmbda" in refused("encode", scene, tmp_path / "out.ralhe", "--lmbda", "0")


@pytest.mark.parametrize(
    "options",
    ["--size 1MB --lmbda 0", "--size five", "--size 0", "--preset slow", "--sh-degree 4", "--depth 0", "--lmbda x"],
)
def test_encode_refuses_bad_options(options: str, scene: Path, tmp_path: Path, calls: list[dict[str, Any]]) -> None:
    line = refused("encode", scene, tmp_path / "out.ralhe", *options.split())
    assert line.endswith("(ralhe encode --help tells more)")
    assert not calls


def test_bad_scenes_are_one_line(tmp_path: Path) -> None:
    bad, out = tmp_path / "bad.ply", tmp_path / "out.ralhe"
    assert "No such file" in refused("encode", bad, out)
    bad.write_bytes(b"ply\nformat nonsense")
    message = refused("encode", bad, out)
    assert message.count("bad.ply") == 1
    bad.write_bytes(b"something else")
    assert refused("encode", bad, out).startswith(f"{bad}: not a .ply")
    assert not out.exists()


def test_bad_streams_are_one_line(stream: Path, tmp_path: Path) -> None:
    data, out = stream.read_bytes(), tmp_path / "out.ply"
    for damaged in (b"", b"RALH", data[:40], data[:-1] + b"?", b"\x00" * 500):
        stream.write_bytes(damaged)
        assert refused("decode", stream, out).startswith(f"{stream}: ")
    assert not out.exists()


def test_a_cut_stream_decodes_with_a_notice(plain_stream: Made, tmp_path: Path) -> None:
    stream, out = tmp_path / "plain.ralhe", tmp_path / "out.ply"
    stream.write_bytes(plain_stream.data[:-1])
    result = run("decode", stream, out)
    assert result.exit_code == 0
    assert "the stream is cut" in result.output
    assert out.exists()


def test_decode_coarser(plain_stream: Made, tmp_path: Path) -> None:
    stream, out = tmp_path / "plain.ralhe", tmp_path / "out.ply"
    stream.write_bytes(plain_stream.data)
    level, end = ralhe.info(plain_stream.data).level_ends[0]
    assert run("decode", stream, out, "--level", str(level)).exit_code == 0
    by_level = out.read_bytes()
    assert run("decode", stream, out, "--max-bytes", str(end)).exit_code == 0
    assert out.read_bytes() == by_level
    assert 0 < len(ralhe.read(out)) < len(plain_stream.codes)


def test_decode_writes_scenes_only(stream: Path, tmp_path: Path) -> None:
    for name in ("out.txt", "out.ralhe"):
        assert "suffix" in refused("decode", stream, tmp_path / name)


def test_output_never_replaces_input(stream: Path, scene: Path, tmp_path: Path, calls: list[dict[str, Any]]) -> None:
    before = scene.read_bytes(), stream.read_bytes()
    assert "the same file" in refused("encode", scene, scene)
    assert "the same file" in refused("decode", stream, stream)
    link = tmp_path / "link.ralhe"
    link.symlink_to(scene)
    assert "the same file" in refused("encode", scene, link)
    assert (scene.read_bytes(), stream.read_bytes()) == before
    assert not calls


def test_a_bad_output_is_told_before_the_work(scene: Path, tmp_path: Path, calls: list[dict[str, Any]]) -> None:
    assert refused("encode", scene, tmp_path / "nowhere" / "out.ralhe").startswith(f"{tmp_path / 'nowhere'}")
    assert "folder" in refused("encode", scene, tmp_path)
    assert ".ralhe" in refused("encode", scene, tmp_path / "out.spz")
    assert not calls


def test_several_sizes_need_a_folder_that_can_be(scene: Path, tmp_path: Path) -> None:
    absent, nested = tmp_path / "no.ply", tmp_path / "a" / "b"
    assert refused("encode", absent, tmp_path / "out", "--sizes", "3kB") == f"{absent}: No such file or directory"
    assert refused("encode", scene, nested, "--sizes", "3kB") == f"{nested}: there is no folder {nested.parent}"
    assert refused("encode", scene, scene, "--sizes", "3kB") == f"{scene}: is a file; name a folder"
    assert "with --sizes name the folder" in refused("encode", scene, tmp_path / "out.ralhe", "--sizes", "3kB")
    assert list(tmp_path.iterdir()) == [scene]


@pytest.mark.usefixtures("no_file_goes")
def test_a_folder_that_takes_no_file_is_told_before_the_work(
    scene: Path, tmp_path: Path, calls: list[dict[str, Any]]
) -> None:
    message = refused("encode", scene, tmp_path / "out.ralhe")
    assert message == f"{tmp_path}: cannot be written to (Permission denied); name another folder"
    assert not calls


@pytest.mark.usefixtures("no_file_goes")
def test_several_sizes_need_a_folder_that_takes_files(
    scene: Path, tmp_path: Path, calls: list[dict[str, Any]]
) -> None:
    message = refused("encode", scene, tmp_path / "out", "--sizes", "3kB,2kB")
    assert message == f"{tmp_path / 'out'}: cannot be written to (Permission denied); name another folder"
    assert not calls


@pytest.mark.parametrize("to", [("out.ralhe", "--size", "3kB"), ("out", "--sizes", "2kB,3kB")])
def test_a_disk_without_room_is_told_before_the_work(
    to: tuple[str, ...], scene: Path, tmp_path: Path, calls: list[dict[str, Any]]
) -> None:
    resource = pytest.importorskip("resource", reason="no limits of processes here")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        message = refused("encode", scene, tmp_path / to[0], *to[1:])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "cannot be written to (File too large); name another folder" in message
    assert not calls


@pytest.mark.parametrize("several", [False, True])
def test_a_stream_that_cannot_be_written_whole_leaves_the_one_before(
    several: bool, scene: Path, tmp_path: Path, calls: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`calls` keeps the encode of a single stream from doing any work."""

    def encode_ladder(*_: Any, finished: Callable[[int, EncodeReport], None], **__: Any) -> None:
        finished(3000, REPORT)

    class Full(io.FileIO):
        def write(self, data: Any) -> int:
            super().write(data[:4])
            raise OSError(28, "No space left on device")

    out = tmp_path / "scene-3kB.ralhe"
    out.write_bytes(b"the one before")
    opened = Path.open
    monkeypatch.setattr("ralhe.encoding.encode_ladder", encode_ladder)
    monkeypatch.setattr(Path, "open", lambda path, mode="r", *a, **k: Full(path, mode) if mode in {"xb", "wb"} else
                        opened(path, mode, *a, **k))  # fmt: skip
    where = (tmp_path, "--sizes", "3kB") if several else (out, "--size", "3kB")
    assert refused("encode", scene, *where) == f"{out}: No space left on device"
    assert out.read_bytes() == b"the one before"
    assert sorted(tmp_path.iterdir()) == [out, scene]


def test_a_scene_that_nobody_sees_is_told(tmp_path: Path) -> None:
    unseen = tmp_path / "unseen.ply"
    ralhe.write(unseen, replace(sphere(5), opacity_logits=np.full(5, -20.0)))
    assert "nothing of unseen.ply can be seen" in run("encode", unseen, tmp_path / "out.ralhe").output


def test_missing_torch_is_one_line(scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def encode(*_: Any, **__: Any) -> EncodeReport:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("ralhe.encoding.encode", encode)
    assert "ralhe[encode]" in refused("encode", scene, tmp_path / "out.ralhe")


def test_info_as_a_table(stream: Path, small_stream: Made) -> None:
    result = run("info", stream)
    assert result.exit_code == 0
    assert f"{len(small_stream.codes):,} of {len(small_stream.codes):,}" in result.output
    assert f"depth {small_stream.header.depth}" in result.output
    for word in ("bounding box", "parameters", "geometry", "opacity", "harmonics", "prefix"):
        assert word in result.output


def test_info_as_json(stream: Path, small_stream: Made) -> None:
    known = json.loads(run("info", stream, "--json").output)
    assert known["size"] == known["bytes_present"] == len(small_stream.data)
    assert sum(known["bytes"].values()) == len(small_stream.data)
    assert known["leaves"] == known["levels"][-1]["nodes"] == len(small_stream.codes)
    assert known["levels"][-1]["prefix_bytes"] == len(small_stream.data)
    assert set(known["attribute_bits"]) == {"opacity", "colour", "shape", "harmonics"}
    sections = sum(row["geometry_bytes"] + row["attribute_bytes"] for row in known["levels"])
    assert sections == known["bytes"]["geometry"] + known["bytes"]["attributes"]


def test_info_tells_people_what_it_tells_programs(stream: Path, small_stream: Made) -> None:
    known, lines = json.loads(run("info", stream, "--json").output), run("info", stream).output.splitlines()
    said = {line[:14].strip(): line[14:].split() for line in lines}
    n, kinds = known["leaves"], {**known["bytes"], **{k: b / 8 for k, b in known["attribute_bits"].items()}}
    for kind, size in kinds.items():
        assert said[kind] == [f"{size:,.0f}", f"{8 * size / n:.2f}"], kind
    assert said["Gaussians"][:3] == [f"{n:,}", "of", f"{known['source_gaussians']:,},"]
    assert ("antialiased" in said["coordinates"][-1]) == known["antialiased"]
    low, high = known["bounding_box"]
    assert " ".join(said["bounding box"]).startswith(f"({low[0]:.4g}, ")
    assert f"to ({high[0]:.4g}, " in " ".join(said["bounding box"])
    assert not any("cut" in line for line in lines)


def test_info_of_a_damaged_section_says_so(stream: Path) -> None:
    data = bytearray(stream.read_bytes())
    data[-1] ^= 1
    stream.write_bytes(data)
    for options in ((), ("--json",)):
        result = run("info", stream, *options)
        assert result.exit_code == 2
        assert "checksum" in result.output and "geometry" in result.output


def test_info_of_a_cut_stream_sees_damage_in_what_is_there(stream: Path) -> None:
    data = bytearray(stream.read_bytes()[:-1])
    stream.write_bytes(data)
    assert run("info", stream).exit_code == 0
    data[ralhe.info(bytes(data)).sections[0].offset] ^= 1
    stream.write_bytes(data)
    result = run("info", stream)
    assert result.exit_code == 2
    assert "the file is cut" in result.output and "checksum" in result.output


def test_help_teaches() -> None:
    assert run("--help").exit_code == 0
    text = run("encode", "--help").output
    for word in ("kB", "MiB", "fast", "Ctrl-C", "ralhe encode scene.ply scene.ralhe"):
        assert word in text
    assert ralhe.__version__ in run("--version").output


def interrupted(count: int) -> Callable[..., EncodeReport]:
    """An encode during which Ctrl-C is pressed so many times."""

    def encode(_: Gaussians, *, stop: threading.Event, progress: Callable[[Progress], None], **__: Any) -> EncodeReport:
        progress(Progress("fit", 1, 2))
        assert not stop.is_set()
        for _press in range(count):
            signal.raise_signal(signal.SIGINT)
            assert stop.is_set()
        return REPORT

    return encode


def test_one_interrupt_writes_the_best_so_far(scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ralhe.encoding.encode", interrupted(1))
    handler, out = signal.getsignal(signal.SIGINT), tmp_path / "out.ralhe"
    assert run("encode", scene, out).exit_code == 0
    assert out.read_bytes() == REPORT.data
    assert signal.getsignal(signal.SIGINT) is handler


def test_two_interrupts_write_nothing(scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ralhe.encoding.encode", interrupted(2))
    handler, out = signal.getsignal(signal.SIGINT), tmp_path / "out.ralhe"
    out.write_bytes(b"an earlier file")
    result = run("encode", scene, out)
    assert result.exit_code == 130
    assert result.output.splitlines()[-1].startswith("ralhe: stopped")
    assert out.read_bytes() == b"an earlier file"
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".tmp"] == []
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_ladder_takes_cameras_can_be_stopped_and_names_its_streams(
    scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def encode_ladder(*_: Any, finished: Callable[[int, EncodeReport], None], **options: Any) -> None:
        seen.update(options)
        signal.raise_signal(signal.SIGINT)
        finished(3000, REPORT)

    monkeypatch.setattr("ralhe.encoding.encode_ladder", encode_ladder)
    given = scene.rename(tmp_path / "one.compressed.ply")
    options = ("--sizes", "3kB", "--images", one_camera(tmp_path))
    assert run("encode", given, tmp_path / "out", *options).exit_code == 0
    assert len(seen["views"].fit + seen["views"].test) == 1
    assert seen["stop"].is_set()
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["one-3kB.ralhe"]


def test_the_suffix_of_a_stream_may_be_upper_case(scene: Path, tmp_path: Path, calls: list[dict[str, Any]]) -> None:
    assert run("encode", scene, tmp_path / "OUT.RALHE").exit_code == 0
    assert (tmp_path / "OUT.RALHE").read_bytes() == REPORT.data


def test_two_interrupts_keep_the_streams_that_were_whole(
    scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def encode_ladder(*_: Any, finished: Callable[[int, EncodeReport], None], **__: Any) -> None:
        finished(3000, REPORT)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("ralhe.encoding.encode_ladder", encode_ladder)
    result = run("encode", scene, tmp_path / "out", "--sizes", "1.5kB,3kB")
    assert result.exit_code == 130
    assert result.output.splitlines()[-1] == "ralhe: stopped; 1 of 2 streams were written"
    assert [p.name for p in (tmp_path / "out").iterdir()] == [f"{scene.stem}-3kB.ralhe"]


def test_what_stands_in_the_way_of_a_stream_is_told_before_the_work(scene: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / f"{scene.stem}-3kB.ralhe").mkdir(parents=True)
    (tmp_path / "link.ralhe").symlink_to(tmp_path / "nowhere" / "scene.ralhe")
    with pytest.MonkeyPatch.context() as patched:
        patched.delattr("ralhe.encoding.encode_ladder")
        patched.delattr("ralhe.encoding.encode")
        assert "is a folder" in refused("encode", scene, tmp_path / "out", "--sizes", "1.5kB,3kB")
        assert "there is no folder" in refused("encode", scene, tmp_path / "link.ralhe")


def test_a_pipe_is_no_scene(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is a pipe" in refused("encode", tmp_path / "pipe", tmp_path / "out.ralhe")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_output_that_cannot_be_printed_is_one_line(stream: Path) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "ralhe", "info", str(stream)]
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert ended.stderr.splitlines()[:1] == ["ralhe: cannot print: No space left on device"]
    assert "Traceback" not in ended.stderr and ended.returncode != 0


def test_names_that_a_pipe_cannot_take_are_escaped(stream: Path, tmp_path: Path) -> None:
    out = tmp_path / "\u6a21.ply"
    command = [sys.executable, "-m", "ralhe", "decode", str(stream), str(out)]
    environment = os.environ | {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    ended = subprocess.run(command, env=environment, capture_output=True)
    assert ended.returncode == 0 and b"\\u6a21.ply: " in ended.stdout
    assert out.exists()


def test_a_pipe_that_nobody_reads_ends_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as out:
        monkeypatch.setattr("sys.stdout", out)
        with ProgressBar() as bar:
            bar.say("one")
            bar.say("two")


def test_paths_that_cannot_be_examined_are_one_line(scene: Path, stream: Path, tmp_path: Path) -> None:
    long = tmp_path / ("x" * 300)
    commands = [("decode", stream, long / "o.ply"), ("decode", stream, f"{long}.ply"), ("encode", long, stream),
                ("encode", scene, long, "--sizes", "1kB"), ("compare", scene, long), ("render", scene, f"{long}.png"),
                ("serve", long), ("export", stream, long)]  # fmt: skip
    for arguments in commands:
        assert "File name too long" in refused(*arguments)


def test_demo_tells_what_it_wrote_before_it_was_stopped(
    tmp_path: Path, small_stream: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compare(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    report = EncodeReport(**{**vars(REPORT), "data": small_stream.data})
    monkeypatch.setattr("ralhe.encoding.encode", lambda *_, **__: report)
    monkeypatch.setattr("ralhe.comparison.compare", compare)
    result = run("demo", "--output", tmp_path)
    told = f"stopped; {tmp_path / 'mic.ralhe'} and {tmp_path / 'mic.ply'} were written before"
    assert (result.exit_code, result.output.splitlines()[-1]) == (130, f"ralhe: {told}")


def test_demo_tells_what_it_saw(tmp_path: Path, small_stream: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    def encode(gaussians: Gaussians, *, size: int, preset: str, **_: Any) -> EncodeReport:
        assert (size, preset) == (250_000, "fast")
        assert len(gaussians) > 10_000
        return EncodeReport(**{**vars(REPORT), "data": small_stream.data})

    monkeypatch.setattr("ralhe.encoding.encode", encode)
    folder = tmp_path / "a" / "demo"
    result = run("demo", "--output", folder)
    assert result.exit_code == 0, result.output
    assert sorted(p.name for p in folder.iterdir()) == ["mic.html", "mic.ply", "mic.ralhe"]
    assert "data:image/webp" in (folder / "mic.html").read_text()
    for word in ("times smaller", "decoded in", "PSNR", "look further"):
        assert word in result.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "missing argument 'SCENE'"),
        (("a.ply", "b", "c"), "got unexpected extra argument (c)"),
        (("a.ply", "b", "--sise", "1"), "no such option"),
        (("a.ply", "b", "--preset", "slow"), "invalid value for '--preset': 'slow' is not one of"),
        (("a.ply", "b", "--size", "1MB", "--lmbda", "1"), "give one of --size, --sizes and --lmbda"),
    ],
)
def test_wrong_arguments_are_one_line(arguments: tuple[str, ...], told: str) -> None:
    line = refused("encode", *arguments)
    assert line.startswith(told)
    assert line.endswith("(ralhe encode --help tells more)")


def test_a_wrong_command_is_one_line() -> None:
    line = refused("encod")
    assert line.startswith("no such command 'encod'")
    assert line.endswith("(ralhe --help tells more)")


def test_no_arguments_are_answered_by_the_help() -> None:
    assert "Commands:" in run().output
