"""Plausible arguments are taken, and others refused in the project's own words before any work is done."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ralhe.encoding
import ralhe.viewpoints
from ralhe.cameras import Camera, View
from ralhe.errors import RalheError
from ralhe.extras import needing
from tests.scenes import sphere
from tests.streams import Made

CAMERA = Camera.looking_at(np.array([0, 0, -3]), np.zeros(3), np.array([0, -1, 0]), fov=1.0, width=8, height=6)
loose: Any = ralhe  # takes arguments of any type


@pytest.mark.parametrize("kind", [bytearray, memoryview, lambda data: np.frombuffer(data, np.uint8)])
def test_bytes_of_any_kind_decode(kind: Callable[[bytes], Any], small_stream: Made) -> None:
    assert ralhe.info(kind(small_stream.data)) == ralhe.info(small_stream.data)
    size = np.int64(len(small_stream.data))
    assert len(loose.decode(kind(small_stream.data), max_bytes=size)) == len(small_stream.codes)


def scene() -> Any:
    return sphere(20)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: loose.decode("scene.ralhe"), "data is a str, expected the bytes of a stream"),
        (lambda: loose.decode(b"RALH", max_bytes=3000.5), "max_bytes is 3000.5, expected a whole number"),
        (lambda: loose.decode(b"RALH", max_bytes=-1), "max_bytes is -1, expected 0 or more"),
        (lambda: loose.decode(b"RALH", level="3"), "level is '3', expected a whole number"),
        (lambda: loose.encode("scene.ply", size=5000), "the scene is a str, expected Gaussians"),
        (lambda: loose.encode(scene(), size="500kB"), "size is '500kB', expected a whole number"),
        (lambda: loose.encode(scene(), size=float("nan")), "size is nan, expected a whole number"),
        (lambda: loose.encoding.encode(scene(), lmbda="0.1"), "lmbda is '0.1', expected 5e-05 to 64"),
        (lambda: loose.encode(scene(), size=5000, depth=8.5), "depth is 8.5, expected a whole number"),
        (lambda: loose.encode(scene(), size=5000, sh_degree=1.5), "sh_degree is 1.5, expected a whole number"),
        (lambda: loose.encode(scene(), size=5000, preset=[]), r"preset is \[\], expected one of fast"),
        (lambda: loose.encode(scene(), size=5000, views="cameras.json"), "views is a str, expected Views"),
        (lambda: loose.encode_ladder(scene(), np.array([])), "sizes is empty"),
        (lambda: loose.encode_ladder(scene(), ["500kB"]), "size is '500kB', expected a whole number"),
        (lambda: loose.render(scene(), CAMERA, backend="cuda"), "backend is 'cuda', expected one of auto"),
        (lambda: loose.render(scene(), View("front", CAMERA)), "camera is a View, expected a Camera"),
        (lambda: loose.render(scene(), CAMERA, eps2d=-1), "eps2d is -1, expected a variance"),
        (lambda: loose.Camera(np.eye(4), np.eye(3), 40.5, 30), "width is 40.5, expected a whole number"),
        (lambda: loose.Camera(np.eye(4), [[9, 37, 4], [0, 9, 3], [0, 0, 1]], 8, 6), "expected fx 0 cx, 0 fy cy, 0 0 1"),
        (lambda: loose.Camera(np.eye(4), [[9, 0, 4], [0, 9, 3], [0, 0, 2]], 8, 6), "expected fx 0 cx, 0 fy cy, 0 0 1"),
        (lambda: loose.Camera(np.diag([1, 1, 1, 2]), np.eye(3), 8, 6), "last row of viewmat is"),
        (lambda: Camera.looking_at(np.ones(3), np.zeros(3), np.eye(3)[1], fov=45, width=4, height=3), "in radians"),
        (lambda: loose.place_views(scene(), kind="room"), "kind is 'room', expected one of object"),
        (lambda: loose.place_views(scene(), seed=-1), "seed -1"),
        (lambda: loose.place_views(scene(), fit=2.5), "fit is 2.5, expected a whole number"),
        (lambda: loose.viewpoints.turntable(scene(), 3, kind="room"), "kind is 'room'"),
        (lambda: loose.viewpoints.turntable(scene(), 3, size=(0, 0)), "size is 0 x 0 pixels"),
        (lambda: loose.compare("a.ply", "b.ply", size=(0, 0)), "size is 0 x 0 pixels"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told(call: Callable[[], object], words: str) -> None:
    with pytest.raises(RalheError, match=words):
        call()


def test_sizes_may_come_from_anywhere() -> None:
    reports = loose.encode_ladder(sphere(0), (int(size) for size in np.array([500, 400])))
    assert len(reports) == 2
    assert len(loose.encode_ladder(sphere(0), np.array([500, 400]))) == 2


def test_results_are_told_without_their_bytes() -> None:
    report = ralhe.encode_report(sphere(0), size=500)
    assert "leaves=0" in repr(report) and len(repr(report)) < 500
    assert "name='scene.ralhe'" in repr(ralhe.show(report.data))


def test_what_an_extra_brings_is_told() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"needs torch; install it with: pip install 'ralhe\[encode\]'"), \
            needing("encode"):  # fmt: skip
        raise ModuleNotFoundError("No module named 'torch'", name="torch")
    with pytest.raises(ModuleNotFoundError, match="No module named 'mine'"), needing("encode"):
        raise ModuleNotFoundError("No module named 'mine'", name="mine")
    assert {"encode", "render", "place_views", "cameras"} <= set(dir(ralhe))


def test_cameras_need_no_pillow() -> None:
    code = "import sys; sys.modules['PIL'] = None; import ralhe; ralhe.Camera; ralhe.cameras.read; print('well')"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "well\n"
