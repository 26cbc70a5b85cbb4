"""One camera in the words of every dialect, made without the package.

It stands at (1, 2, 3). Its axes in the world are right (0, -1, 0), down (0.8, 0, -0.6), forward (0.6, 0, 0.8).
"""

from __future__ import annotations

import json
import struct

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 320, 240
FX, FY = 400.0, 300.0
K = [[FX, 0, 160], [0, FY, 120], [0, 0, 1]]

POSITION = [1.0, 2.0, 3.0]
OPENCV_AXES = [[0, 0.8, 0.6], [-1, 0, 0], [0, -0.6, 0.8]]  # camera to world
OPENGL = [[0, -0.8, -0.6, 1], [-1, 0, 0, 2], [0, 0.6, -0.8, 3], [0, 0, 0, 1]]
VIEWMAT = [[0, -1, 0, 2], [0.8, 0, -0.6, 1], [0.6, 0, 0.8, -3], [0, 0, 0, 1]]
QUATERNION = [0.45**0.5, 0.05**0.5, -(0.05**0.5), 0.45**0.5]  # w, x, y, z of VIEWMAT
TRANSLATION = [2.0, 1.0, -3.0]

POINT = [2, 1.5, 4.75]  # 0.5 right of the axis, 0.25 above it, 2 away
PIXEL = [260, 82.5]

TRANSFORMS = {"fl_x": FX, "fl_y": FY, "w": WIDTH, "h": HEIGHT}
INRIA = {"id": 0, "img_name": "a", "width": WIDTH, "height": HEIGHT, "position": POSITION, "rotation": OPENCV_AXES,
         "fx": FX, "fy": FY}  # fmt: skip
VIEW = {"width": WIDTH, "height": HEIGHT, "fx": FX, "fy": FY, "cx": 160.0, "cy": 120.0, "viewmat": VIEWMAT}


def save(path, document):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return path


def transforms(path, *names, frame=None, **top):
    """transforms.json with the camera once per name; `frame` goes into each frame, `top` before them."""
    frames = [{"file_path": name, "transform_matrix": OPENGL} | (frame or {}) for name in names]
    return save(path, TRANSFORMS | top | {"frames": frames})


def inria(path, *names, **fields):
    return save(path, [INRIA | {"img_name": name} | fields for name in names])


def views_file(path, fit=1, test=1, **fields):
    return save(path, {"fit": [VIEW | fields] * fit, "test": [VIEW | fields] * test})


def colmap_text(folder, *names, model="PINHOLE", parameters=(FX, FY, 160, 120), points="1.5 2.5 -1 3 4 7"):
    folder.mkdir(parents=True, exist_ok=True)
    lens = " ".join(map(repr, parameters))
    (folder / "cameras.txt").write_text(f"# Camera list\n\n4 {model} {WIDTH} {HEIGHT} {lens}\n")
    pose = " ".join(map(repr, QUATERNION + TRANSLATION))
    lines = [f"{i + 9} {pose} 4 {name}\n{points}\n" for i, name in enumerate(names)]
    (folder / "images.txt").write_text("# Image list\n" + "".join(lines))
    return folder


def colmap_binary(folder, *names, model=1, parameters=(FX, FY, 160, 120), points=2):
    folder.mkdir(parents=True, exist_ok=True)
    lens = struct.pack(f"<QIiQQ{len(parameters)}d", 1, 4, model, WIDTH, HEIGHT, *parameters)
    (folder / "cameras.bin").write_bytes(lens)
    content = struct.pack("<Q", len(names))
    for i, name in enumerate(names):
        content += struct.pack("<I7dI", i + 9, *QUATERNION, *TRANSLATION, 4) + name.encode() + b"\0"
        content += struct.pack("<Q", points) + struct.pack("<ddq", 1.5, 2.5, -1) * points
    (folder / "images.bin").write_bytes(content)
    return folder


def photo(path, mode="RGB", size=(WIDTH, HEIGHT), colour=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)
    return path


def assert_is_the_camera(camera):
    np.testing.assert_allclose(camera.viewmat, VIEWMAT, rtol=0, atol=1e-6)
    np.testing.assert_allclose(camera.K, K, rtol=0, atol=1e-6)
    assert (camera.width, camera.height) == (WIDTH, HEIGHT)
    x, y, w = camera.K @ (camera.viewmat @ [*POINT, 1])[:3]
    np.testing.assert_allclose([x / w, y / w], PIXEL, rtol=0, atol=1e-6)
