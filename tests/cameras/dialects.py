"""One camera in the words of every dialect, made without the package.

It stands at (1, 2, 3). Its axes in the world are right (0, -1, 0), down (0.8, 0, -0.6), forward (0.6, 0, 0.8).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ralhe.cameras import Camera

Json = dict[str, Any]
Rows = list[list[float]]

WIDTH, HEIGHT = 320, 240
FX, FY = 400.0, 300.0
K: Rows = [[FX, 0, 160], [0, FY, 120], [0, 0, 1]]

POSITION = [1.0, 2.0, 3.0]
OPENCV_AXES: Rows = [[0, 0.8, 0.6], [-1, 0, 0], [0, -0.6, 0.8]]  # camera to world
OPENGL: Rows = [[0, -0.8, -0.6, 1], [-1, 0, 0, 2], [0, 0.6, -0.8, 3], [0, 0, 0, 1]]
VIEWMAT: Rows = [[0, -1, 0, 2], [0.8, 0, -0.6, 1], [0.6, 0, 0.8, -3], [0, 0, 0, 1]]
QUATERNION = [0.45**0.5, 0.05**0.5, -(0.05**0.5), 0.45**0.5]  # w, x, y, z of VIEWMAT
TRANSLATION = [2.0, 1.0, -3.0]

POINT = [2, 1.5, 4.75]  # 0.5 right of the axis, 0.25 above it, 2 away
PIXEL = [260, 82.5]

TRANSFORMS = {"fl_x": FX, "fl_y": FY, "w": WIDTH, "h": HEIGHT}
INRIA = {"id": 0, "img_name": "a", "width": WIDTH, "height": HEIGHT, "position": POSITION, "rotation": OPENCV_AXES,
         "fx": FX, "fy": FY}  # fmt: skip
VIEW = {"width": WIDTH, "height": HEIGHT, "fx": FX, "fy": FY, "cx": 160.0, "cy": 120.0, "viewmat": VIEWMAT}


def save(path: Path, document: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return path


def transforms(path: Path, *names: str, frame: Json | None = None, **top: Any) -> Path:
    """transforms.json with the camera once per name; `frame` goes into each frame, `top` before them."""
    frames = [{"file_path": name, "transform_matrix": OPENGL} | (frame or {}) for name in names]
    return save(path, TRANSFORMS | top | {"frames": frames})


def inria(path: Path, *names: str, **fields: Any) -> Path:
    return save(path, [INRIA | {"img_name": name} | fields for name in names])


def views_file(path: Path, fit: int = 1, test: int = 1, **fields: Any) -> Path:
    return save(path, {"fit": [VIEW | fields] * fit, "test": [VIEW | fields] * test})


def colmap_text(folder: Path, *names: str, model: str = "PINHOLE", parameters: Sequence[float] = (FX, FY, 160, 120),
                points: str = "1.5 2.5 -1 3 4 7") -> Path:  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    lens = " ".join(map(repr, parameters))
    (folder / "cameras.txt").write_text(f"# Camera list\n\n4 {model} {WIDTH} {HEIGHT} {lens}\n")
    pose = " ".join(map(repr, QUATERNION + TRANSLATION))
    lines = [f"{i + 9} {pose} 4 {name}\n{points}\n" for i, name in enumerate(names)]
    (folder / "images.txt").write_text("# Image list\n" + "".join(lines))
    return folder


def colmap_binary(folder: Path, *names: str, model: int = 1, parameters: Sequence[float] = (FX, FY, 160, 120),
                  points: int = 2) -> Path:  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    lens = struct.pack(f"<QIiQQ{len(parameters)}d", 1, 4, model, WIDTH, HEIGHT, *parameters)
    (folder / "cameras.bin").write_bytes(lens)
    content = struct.pack("<Q", len(names))
    for i, name in enumerate(names):
        content += struct.pack("<I7dI", i + 9, *QUATERNION, *TRANSLATION, 4) + name.encode() + b"\0"
        content += struct.pack("<Q", points) + struct.pack("<ddq", 1.5, 2.5, -1) * points
    (folder / "images.bin").write_bytes(content)
    return folder


def photo(path: Path, mode: str = "RGB", size: tuple[int, int] = (WIDTH, HEIGHT), colour: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)
    return path


def assert_is_the_camera(camera: Camera) -> None:
    np.testing.assert_allclose(camera.viewmat, VIEWMAT, rtol=0, atol=1e-6)
    np.testing.assert_allclose(camera.K, K, rtol=0, atol=1e-6)
    assert (camera.width, camera.height) == (WIDTH, HEIGHT)
    x, y, w = camera.K @ (camera.viewmat @ [*POINT, 1])[:3]
    np.testing.assert_allclose([x / w, y / w], PIXEL, rtol=0, atol=1e-6)
