"""`ralhe render` and `ralhe compare`: which files appear, what they show, what is printed."""

from __future__ import annotations

import importlib
import io
import json
import os
import re
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageSequence
import pytest
import torch
from numba.core import event

import ralhe
from ralhe import cameras
from ralhe.cameras import Camera, View, Views
from ralhe.cli import steady_bar
from ralhe.cli.compare import shortened
from ralhe.cli.compilation import compilation_told
from ralhe.cli.progress_bar import ProgressBar
from ralhe.cli.steady_bar import SteadyBar
from ralhe.progress import Progress
from tests.scenes import sphere
from tests.test_cli import refused, run

SCENE = sphere(300, degree=1)
BACKGROUND = 0.0, 0.0, 1.0


def view(name: str, eye: tuple[float, float, float], width: int = 48, height: int = 36) -> View:
    """The origin from `eye`."""
    up = np.array([0.0, 0, 1])
    return View(name, Camera.looking_at(np.array(eye), np.zeros(3), up, fov=0.9, width=width, height=height))


FRONT, SIDE, ABOVE = view("front", (3, 0, 0)), view("side", (0, 3, 1)), view("above", (1, 1, 3), 32, 32)


def expected(seen: View, **options: Any) -> npt.NDArray[np.uint8]:
    """[H, W, 3] what a view of the scene shows, in 8 bits."""
    with torch.no_grad():
        colour = ralhe.render(SCENE, seen.camera, **{"background": BACKGROUND} | options).colour
    return np.asarray(np.rint(colour.clamp(0, 1).numpy() * 255), np.uint8)


def same(picture: Path, pixels: npt.NDArray[np.uint8]) -> bool:
    """Whether a file shows these pixels, up to rounding."""
    with PIL.Image.open(picture) as image:
        found = np.asarray(image.convert("RGB")).astype(int)
    return found.shape == pixels.shape and int(np.abs(found - pixels).max()) <= 1


def names(folder: Path) -> list[str]:
    """The files of a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(autouse=True)
def silent_compilation(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands print the same on a machine that has compiled nothing yet."""
    for command in ("render", "compare"):
        monkeypatch.setattr(importlib.import_module(f"ralhe.cli.{command}"), "compilation_told", nullcontext)


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """The scene as a file."""
    path = tmp_path / "scene.ply"
    ralhe.write(path, SCENE)
    return path


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """Two views of a fit, one that judges, on blue."""
    path = tmp_path / "given.views.json"
    cameras.write(path, Views((FRONT, SIDE), (ABOVE,), BACKGROUND))
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An empty folder."""
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def test_every_camera_of_a_file_is_drawn(scene: Path, given: Path, out: Path) -> None:
    result = run("render", scene, out / "a.png", "--cameras", given)
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        f"{out / 'a-000.png'}: 32 x 32 pixels, 300 Gaussians, {ABOVE.name}",
        f"{out / 'a-001.png'}: 48 x 36 pixels, 300 Gaussians, {FRONT.name}",
        f"{out / 'a-002.png'}: 48 x 36 pixels, 300 Gaussians, {SIDE.name}",
    ]
    assert names(out) == ["a-000.png", "a-001.png", "a-002.png"]
    for i, seen in enumerate((ABOVE, FRONT, SIDE)):  # those that judge come first
        assert same(out / f"a-00{i}.png", expected(seen))


def test_one_camera_is_chosen_by_number(scene: Path, given: Path, out: Path) -> None:
    for number, seen in enumerate((ABOVE, FRONT, SIDE)):
        assert run("render", scene, out / "a.png", "--cameras", given, "--camera", number).exit_code == 0
        assert same(out / "a.png", expected(seen))
    assert "from 0 to 2" in refused("render", scene, out / "a.png", "--cameras", given, "--camera", "3")
    assert names(out) == ["a.png"]


def test_size_background_and_harmonics(scene: Path, given: Path, out: Path) -> None:
    def drawn(*options: str) -> Path:
        assert run("render", scene, out / "a.png", "--cameras", given, "--camera", 1, *options).exit_code == 0
        return out / "a.png"

    small = View("small", FRONT.camera.resized(24, 18))
    assert same(drawn("--size", "24x100"), expected(small))
    assert same(drawn("--size", "480x360"), expected(FRONT))  # cameras of a file do not grow
    assert same(drawn("--background", "#FF8000"), expected(FRONT, background=(1, 128 / 255, 0)))
    assert same(drawn("--background", "black"), expected(FRONT, background=(0, 0, 0)))
    assert same(drawn("--sh-degree", "0"), expected(FRONT, sh_degree=0))
    assert not same(drawn("--sh-degree", "1"), expected(FRONT, sh_degree=0))


def test_scenes_are_drawn_in_the_axes_of_a_ply(given: Path, out: Path, tmp_path: Path) -> None:
    spz = tmp_path / "scene.spz"
    ralhe.write(spz, replace(SCENE, coordinates="RDF"))
    assert run("render", spz, out / "a.png", "--cameras", given, "--camera", 1).exit_code == 0
    with PIL.Image.open(out / "a.png") as image:
        error = np.asarray(image).astype(float) - expected(FRONT)
    assert np.sqrt((error**2).mean()) < 2


def test_a_camera_is_placed_where_none_is_given(scene: Path, out: Path) -> None:
    for number in (0, 7):
        options = ["--size", "40x30", "--background", "white", "--camera", str(number)]
        assert run("render", scene, out / f"{number}.png", *options).exit_code == 0
        with PIL.Image.open(out / f"{number}.png") as image:
            pixels = np.asarray(image)
        assert pixels.shape == (30, 40, 3)
        assert (pixels == 255).all(axis=2).any()
        assert pixels.min() < 100
    assert (out / "0.png").read_bytes() != (out / "7.png").read_bytes()
    assert run("render", scene, out / "first.png", *options[:4]).exit_code == 0
    assert (out / "first.png").read_bytes() == (out / "0.png").read_bytes()


def test_an_orbit_is_numbered_pictures_or_one_animation(scene: Path, out: Path) -> None:
    assert run("render", scene, out / "turn.jpg", "--orbit", 3, "--size", "40x30").exit_code == 0
    assert run("render", scene, out / "turn.png", "--orbit", 1, "--size", "40x30").exit_code == 0
    assert names(out) == ["turn-000.jpg", "turn-001.jpg", "turn-002.jpg", "turn.png"]
    for suffix in ("webp", "gif"):
        moving = out / f"turn.{suffix}"
        assert run("render", scene, moving, "--orbit", 4, "--size", "40x30").exit_code == 0
        with PIL.Image.open(moving) as image:
            assert (image.size, image.info["loop"]) == ((40, 30), 0)
            frames = []
            for frame in PIL.ImageSequence.Iterator(image):
                frames.append(np.asarray(frame.convert("RGB")))
                assert frame.info["duration"] == 1500
        assert len(frames) == 4
        assert all((a != b).any() for a, b in pairwise(frames))


def test_a_gif_keeps_its_six_seconds_where_it_can(scene: Path, out: Path) -> None:
    for count, whole in ((7, 6020), (450, 9000)):  # milliseconds: hundredths of a second, and two of them at least
        assert run("render", scene, out / "turn.gif", "--orbit", count, "--size", "4x3").exit_code == 0
        with PIL.Image.open(out / "turn.gif") as image:  # of fewer frames than that, where two look alike
            assert sum(frame.info["duration"] for frame in PIL.ImageSequence.Iterator(image)) == whole


def test_render_refuses_before_it_reads(scene: Path, given: Path, out: Path) -> None:
    missing = out / "no.ply"
    assert "not a picture" in refused("render", missing, out / "a.tiff")
    assert "no folder" in refused("render", missing, out / "b" / "a.png")
    assert "is a folder" in refused("render", missing, out)
    assert "the same file" in refused("render", scene, scene)
    for options in (["--orbit", "3", "--camera", "1"], ["--orbit", "3", "--cameras", given]):
        assert "not both" in run("render", missing, out / "a.png", *options).output
    for options in (["--size", "0x9"], ["--size", "9"], ["--background", "blue"], ["--orbit", "0"], ["--camera", "-1"]):
        result = run("render", missing, out / "a.png", *options)
        assert (result.exit_code, options[0] in result.output) == (2, True)
    assert names(out) == []


@pytest.mark.parametrize(("name", "format"), [("a.png", "PNG"), ("a.jpg", "JPEG"), ("a.JPEG", "JPEG"),
                                              ("a.webp", "WEBP"), ("a.gif", "GIF")])  # fmt: skip
def test_a_name_decides_the_format(name: str, format: str, scene: Path, given: Path, out: Path) -> None:
    assert run("render", scene, out / name, "--cameras", given, "--camera", "0").exit_code == 0
    with PIL.Image.open(out / name) as picture:
        assert (picture.format, picture.size) == (format, (32, 32))


def test_colours_beyond_white_and_none_at_all_are_drawn(
    scene: Path, given: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    colour = torch.tensor([[[2.0, -1.0, 0.5], [torch.nan, 1.0, 0.0]]])
    monkeypatch.setattr(ralhe, "render", lambda *_, **__: SimpleNamespace(colour=colour))
    assert run("render", scene, out / "a.png", "--cameras", given, "--camera", "0").exit_code == 0
    with PIL.Image.open(out / "a.png") as picture:
        assert np.array_equal(np.asarray(picture), [[[255, 0, 128], [0, 255, 0]]])


def test_render_names_the_file_that_is_bad(scene: Path, given: Path, out: Path, tmp_path: Path) -> None:
    empty, bad, nowhere = tmp_path / "empty.ply", tmp_path / "bad.ply", tmp_path / "nowhere"
    ralhe.write(empty, sphere(0))
    bad.write_bytes(scene.read_bytes()[:900])
    picture = out / "a.png"
    assert refused("render", empty, picture).startswith(f"{empty}: ")
    assert refused("render", bad, picture).startswith(f"{bad}: ")
    assert refused("render", scene, picture, "--cameras", nowhere) == f"{nowhere}: No such file or directory"
    assert refused("render", scene, picture, "--cameras", out).startswith(f"{out}: holds no cameras")
    given.write_text(given.read_text().replace("viewmat", "pose"))
    assert re.match(f"{re.escape(str(given))}: .*viewmat", refused("render", scene, picture, "--cameras", given))
    assert names(out) == []


def test_a_picture_too_large_for_its_format_is_one_line(scene: Path, out: Path) -> None:
    assert "smaller --size" in refused("render", scene, out / "a.webp", "--size", "16384x1", "--orbit", "1")
    assert names(out) == []


def test_ctrl_c_leaves_whole_pictures(scene: Path, given: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    render, calls = ralhe.render, []

    def pressed(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return render(*arguments, **options)

    monkeypatch.setattr(ralhe, "render", pressed)
    result = run("render", scene, out / "a.png", "--cameras", given)
    assert (result.exit_code, result.output) == (130, "ralhe: stopped; 2 of 3 pictures were written\n")
    assert names(out) == ["a-000.png", "a-001.png"]
    assert same(out / "a-001.png", expected(FRONT))


def test_compare_prints_a_table(scene: Path, given: Path, tmp_path: Path) -> None:
    spz, folder = tmp_path / "scene.spz", tmp_path / "half"
    folder.mkdir()
    ralhe.write(spz, SCENE)
    ralhe.write(folder / "scene.ply", SCENE.take(np.arange(150)))
    result = run("compare", scene, spz, folder / "scene.ply", scene, "--cameras", given)
    assert result.exit_code == 0, result.output
    top, head, reference, quantised, half, itself = result.output.splitlines()
    assert top.startswith("1 view (given.views.json)")
    assert head.split() == ["size", "Gaussians", "PSNR", "SSIM", "MS-SSIM", "FLIP"]
    assert reference.split()[0] == f"{tmp_path.name}/scene.ply"
    assert reference.endswith("the reference")
    assert quantised.split()[0] == f"{tmp_path.name}/scene.spz"
    assert half.split()[0] == "half/scene.ply"
    assert re.search(r" 150 .* - +0\.\d{4}$", half)
    found = ralhe.compare(scene, spz, folder / "scene.ply", views=given).scenes
    for line, part in zip((quantised, half), found, strict=True):
        assert f" {part.views[0].psnr:.2f} " in line
        assert f" {part.views[0].ssim:.4f} " in line
        assert line.endswith(f" {part.views[0].flip:.4f}")
    assert "identical  1.0000 (1.0000)" in itself


def test_compare_tells_mean_and_worst_and_photos(scene: Path, tmp_path: Path) -> None:
    other, taken = tmp_path / "other.ply", []
    ralhe.write(other, SCENE.take(np.arange(200)))
    for seen in (FRONT, SIDE):
        photo = tmp_path / f"{seen.name}.png"
        PIL.Image.fromarray(expected(seen)).save(photo)
        taken.append(View(seen.name, seen.camera, photo))
    cameras.write(tmp_path / "taken.views.json", Views((), tuple(taken), BACKGROUND))
    lines = run("compare", scene, other, "--cameras", tmp_path / "taken.views.json").output.splitlines()
    assert lines[4] == "against the photos"
    views = ralhe.compare(scene, other, views=tmp_path / "taken.views.json").scenes[0].views
    low, high = sorted(view.psnr for view in views)
    assert f" {(low + high) / 2:.2f} ({low:.2f}) " in lines[3]
    reference, scenes = (float(re.findall(r" (\d+\.\d\d) \(", line)[0]) for line in lines[5:])
    assert reference > 55
    assert scenes == pytest.approx((low + high) / 2, abs=0.1)


def test_compare_tells_programs_what_it_tells_people(scene: Path, tmp_path: Path) -> None:
    other, page, given = tmp_path / "other.ply", tmp_path / "page.html", tmp_path / "given.views.json"
    ralhe.write(other, SCENE.take(np.arange(200)))
    taken = [replace(seen, photo=tmp_path / f"{seen.name}.png") for seen in (FRONT, SIDE)]
    for seen in taken:
        PIL.Image.fromarray(expected(seen)).save(tmp_path / f"{seen.name}.png")
    cameras.write(given, Views((), tuple(taken), BACKGROUND))
    told = json.loads(run("compare", scene, other, scene, "--cameras", given, "--json", "--report", page).stdout)
    found = ralhe.compare(scene, other, scene, views=given)
    assert page.exists()
    assert (told["views"], told["background"]) == (found.view_source, list(BACKGROUND))
    first, itself = told["scenes"]
    assert (first["path"], first["bytes"], first["gaussians"]) == (str(other), other.stat().st_size, 200)
    assert [view["view"] for view in first["renders"]["each"]] == ["front", "side"]
    views = found.scenes[0].views
    assert [view["psnr"] for view in first["renders"]["each"]] == [view.psnr for view in views]
    assert first["renders"]["psnr"] == pytest.approx(sum(view.psnr for view in views) / 2)
    assert first["renders"]["worst_psnr"] == min(view.psnr for view in views)
    assert first["renders"]["flip"] == pytest.approx(sum(view.flip for view in views) / 2)
    assert itself["renders"]["psnr"] == 100
    assert "renders" not in told["reference"]
    assert [view["view"] for view in told["reference"]["photos"]["each"]] == ["front", "side"]


def test_long_names_keep_both_ends() -> None:
    assert shortened("a" * 40) == "a" * 40
    name = shortened(f"first/{'a' * 60}.compressed.ply")
    assert len(name) == 40
    assert name.startswith("first/a")
    assert name.endswith("aaa.compressed.ply")


def test_compare_looks_at_the_size_that_was_asked_for(scene: Path, given: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.ply"
    ralhe.write(half, SCENE.take(np.arange(150)))
    line = run("compare", scene, half, "--cameras", given, "--size", "16x16").output.splitlines()[3]
    small = ralhe.compare(scene, half, views=given, size=(16, 16)).scenes[0].views[0].psnr
    large = ralhe.compare(scene, half, views=given).scenes[0].views[0].psnr
    assert f" {small:.2f} " in line
    assert f"{small:.2f}" != f"{large:.2f}"


def test_compare_writes_a_report(scene: Path, given: Path, tmp_path: Path) -> None:
    page, other = tmp_path / "report.html", tmp_path / "other.ply"
    ralhe.write(other, SCENE.take(np.arange(200)))
    result = run("compare", scene, other, "--cameras", given, "--report", page)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1].startswith(f"{page}: ")
    assert "other.ply" in page.read_text()


def test_compare_refuses_before_it_reads(scene: Path, tmp_path: Path, out: Path) -> None:
    page = out / "report.html"
    assert refused("compare", scene, out / "no.ply") == f"{out / 'no.ply'}: no such file"
    assert refused("compare", scene, scene, "--cameras", out / "no").startswith(f"{out / 'no'}: ")
    assert "page" in refused("compare", scene, scene, "--report", out / "report.pdf")
    assert "no folder" in refused("compare", scene, scene, "--report", out / "b" / "report.html")
    page.symlink_to(scene)
    assert "the same file" in refused("compare", tmp_path / "no.ply", scene, "--report", page)
    assert run("compare", scene).exit_code == 2


def test_compare_names_the_file_that_is_bad(scene: Path, given: Path, out: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.ralhe"
    bad.write_bytes(b"RALH and no more")
    arguments = ["--cameras", given, "--report", out / "report.html"]
    assert refused("compare", scene, scene, bad, *arguments).startswith(f"{bad}: ")
    assert refused("compare", bad, scene, *arguments).startswith(f"{bad}: ")
    assert refused("compare", scene, tmp_path, *arguments) == f"{tmp_path}: Is a directory"
    photo = tmp_path / "front.png"
    photo.write_bytes(b"no picture")
    cameras.write(given, Views((), (View("front", FRONT.camera, photo),)))
    assert refused("compare", scene, scene, *arguments).startswith(f"{photo}: ")
    given.write_text("[")
    assert refused("compare", scene, scene, *arguments).startswith(f"{given}: not JSON")
    assert names(out) == []


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "ralhe: stopped; nothing was written"),
        (ModuleNotFoundError("No module named 'numba'", name="numba"), 2, "pip install 'ralhe[render]'"),
    ],
)
def test_stopped_or_without_the_extra(
    error: BaseException, code: int, words: str, scene: Path, given: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("ralhe.comparison.compare", fail)
    monkeypatch.setattr(ralhe, "render", fail)
    for command in (["compare", scene, scene, "--report", out / "a.html"], ["render", scene, out / "a.png"]):
        result = run(*command, "--cameras", given)
        assert result.exit_code == code
        assert len(result.output.splitlines()) == 1
        assert words in result.output
    assert names(out) == []


class Terminal(io.StringIO):
    """Standard error that somebody watches."""

    def isatty(self) -> bool:
        return True


def until(true: Callable[[], bool]) -> bool:
    """Waits for it, at most ten seconds."""
    end = time.monotonic() + 10
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


def test_a_silent_step_shows_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ralhe.cli.progress_bar.SILENT_SECONDS", 0.0)
    monkeypatch.setattr(steady_bar, "BEAT", 0.01)
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    with SteadyBar() as bar:
        bar.update(Progress("placing views", 0, 1))
        assert until(lambda: terminal.getvalue().count("placing views:   0%") > 2)
        bar.update(Progress("measuring", 30, 40))
        assert until(lambda: "measuring:  75%" in terminal.getvalue())
    assert terminal.getvalue().endswith("\r")  # and is wiped


def test_a_terminal_without_a_size_shows_a_bar() -> None:
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (0, 0))
    lines = ["from ralhe.cli import progress_bar", "from ralhe.progress import Progress",
             "progress_bar.SILENT_SECONDS = 0.0", "with progress_bar.ProgressBar() as bar:",
             "    bar.update(Progress('fit', 30, 40))"]  # fmt: skip
    subprocess.run([sys.executable, "-c", "\n".join(lines)], stderr=theirs, check=True)
    assert b"%|" in os.read(ours, 4096)
    os.close(ours)
    os.close(theirs)


def test_time_left_counts_from_the_last_zero(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    with SteadyBar() as bar:
        bar.update(Progress("reading", 0, 1))
        clock[0] = 100.0
        bar.update(Progress("measuring", 0, 10))
        clock[0] = 120.0
        bar.update(Progress("measuring", 4, 10))
    told = capsys.readouterr().err
    assert "measuring: 40%, about 30 s left" in told
    assert "measuring: 0%\n" in told  # nothing is known of the time yet


def test_a_bar_counts_from_the_last_zero_too(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    for name in ("time.monotonic", "tqdm.std.time"):
        monkeypatch.setattr(name, lambda: clock[0])
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    with ProgressBar() as bar:
        for now, done in ((0, 0), (100, 0), (104, 4), (110, 10), (160, 60)):
            clock[0] = float(now)
            bar.update(Progress("fit", done, 100))
    assert re.findall(r"<(\d\d:\d\d)", terminal.getvalue()) == ["01:36", "01:30", "00:40"]


def test_compiling_is_told_once_and_only_if_it_happens(capsys: pytest.CaptureFixture[str]) -> None:
    with compilation_told():
        pass
    assert capsys.readouterr().err == ""
    with compilation_told():
        for _ in range(3):
            event.start_event("numba:compile")  # type: ignore[no-untyped-call]
            event.end_event("numba:compile")  # type: ignore[no-untyped-call]
    assert capsys.readouterr().err.count("compiling for this machine") == 1
