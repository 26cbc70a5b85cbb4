"""COLMAP models, text and binary, whole and damaged."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ralhe.cameras import read
from ralhe.errors import CameraError
from ralhe.files import SceneNotice
from tests.cameras import dialects

Lens = tuple[int, str, int, int]
Write = Callable[..., Path]

# Number of a model in binary files, its name, its focal lengths, its distortion parameters.
LENSES = [
    (0, "SIMPLE_PINHOLE", 1, 0),
    (1, "PINHOLE", 2, 0),
    (2, "SIMPLE_RADIAL", 1, 1),
    (3, "RADIAL", 1, 2),
    (4, "OPENCV", 2, 4),
    (6, "FULL_OPENCV", 2, 8),
    (7, "FOV", 2, 1),
    (12, "SIMPLE_DIVISION", 1, 1),
    (13, "DIVISION", 2, 1),
    (16, "EUCM", 2, 2),
]
FISHEYES = [
    (5, "OPENCV_FISHEYE", 2, 4),
    (8, "SIMPLE_RADIAL_FISHEYE", 1, 1),
    (9, "RADIAL_FISHEYE", 1, 2),
    (10, "THIN_PRISM_FISHEYE", 2, 8),
    (11, "RAD_TAN_THIN_PRISM_FISHEYE", 2, 12),
    (14, "SIMPLE_FISHEYE", 1, 0),
    (15, "FISHEYE", 2, 0),
]


@pytest.fixture(params=["text", "binary"])
def write(request: pytest.FixtureRequest) -> Write:
    """Writes a scene of two images with photos and a lens, given as in LENSES."""

    def write(folder: Path, lens: Lens = LENSES[1], distortion: float = 0.0) -> Path:
        number, name, focals, distortions = lens
        parameters = [400.0, 300.0][:focals] + [150.0, 110.0] + [distortion] * distortions
        for photo in ("a.png", "sub/b.png"):
            dialects.photo(folder / "images" / photo, "RGBA")
        if request.param == "text":
            dialects.colmap_text(folder / "sparse/0", "a.png", "sub/b.png", model=name, parameters=parameters)
        else:
            dialects.colmap_binary(folder / "sparse/0", "a.png", "sub/b.png", model=number, parameters=parameters)
        return folder

    return write


@pytest.mark.parametrize("lens", LENSES, ids=lambda lens: lens[1])
def test_a_lens_without_distortion_is_a_pinhole(tmp_path: Path, write: Write, lens: Lens) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        views = read(write(tmp_path, lens))
    assert views.test[0].photo == tmp_path / "images/a.png"
    assert views.fit[0].photo == tmp_path / "images/sub/b.png"
    assert views.background == (0, 0, 0)
    fy = 400 if lens[2] == 1 else 300
    assert views.fit[0].camera.K.tolist() == [[400, 0, 150], [0, fy, 110], [0, 0, 1]]


@pytest.mark.parametrize(
    ("lens", "distortion"), [(lens, 0.0) for lens in FISHEYES] + [(lens, 1e-3) for lens in LENSES[2:]]
)
def test_photos_with_distortion_are_not_used(tmp_path: Path, write: Write, lens: Lens, distortion: float) -> None:
    with pytest.warns(SceneNotice, match=r"the photos of 2 of 2 views are not used; .* image_undistorter$") as notices:
        views = read(write(tmp_path, lens, distortion))
    assert len(notices) == 1
    assert [view.photo for view in views.all] == [None, None]
    assert views.fit[0].camera.K[0].tolist() == [400, 0, 150]


def test_finds_photos_beside_sparse_and_in_the_folder_of_the_model(tmp_path: Path, write: Write) -> None:
    assert read(write(tmp_path) / "sparse/0").test[0].photo == tmp_path / "images/a.png"
    dialects.photo(tmp_path / "flat/images/a.png")
    flat = dialects.colmap_binary(tmp_path / "flat", "a.png")
    assert read(flat).test[0].photo == flat / "images/a.png"
    lone = dialects.colmap_binary(tmp_path / "lone", "a.png")
    assert read(lone).test[0].photo is None


@pytest.mark.parametrize("points", [0, 1, 500])
def test_steps_over_points(tmp_path: Path, points: int) -> None:
    binary = dialects.colmap_binary(tmp_path / "b", "a", "b", "c", points=points)
    text = dialects.colmap_text(tmp_path / "t", "a", "b", "c", points="1.5 2.5 -1 " * points)
    for folder in (binary, text):
        views = read(folder)
        assert [view.name for view in views.all] == ["b", "c", "a"]
        dialects.assert_is_the_camera(views.fit[1].camera)


def test_names_may_hold_spaces_and_any_bytes(tmp_path: Path) -> None:
    text = dialects.colmap_text(tmp_path / "t", "my photo.png")
    assert read(text).all[0].name == "my photo.png"
    binary = dialects.colmap_binary(tmp_path / "b", "photo.png")
    path = binary / "images.bin"
    path.write_bytes(path.read_bytes().replace(b"photo", b"p\xffoto"))
    assert read(binary).all[0].name == "p\udcffoto.png"


@pytest.mark.parametrize("name", ["cameras.bin", "images.bin"])
def test_refuses_every_truncation(tmp_path: Path, name: str) -> None:
    whole = (dialects.colmap_binary(tmp_path, "a.png", "b.png") / name).read_bytes()
    for size in range(len(whole)):
        (tmp_path / name).write_bytes(whole[:size])
        with pytest.raises(CameraError, match=rf"^{name}: "):
            read(tmp_path)


@pytest.mark.parametrize("count", [3, 1 << 40, (1 << 64) - 1])
@pytest.mark.parametrize(("name", "place"), [("cameras.bin", 0), ("images.bin", 0), ("images.bin", 8 + 64 + 2)])
def test_refuses_counts_beyond_the_file(tmp_path: Path, name: str, place: int, count: int) -> None:
    path = dialects.colmap_binary(tmp_path, "a", points=2) / name
    content = bytearray(path.read_bytes())
    struct.pack_into("<Q", content, place, count)
    path.write_bytes(content)
    with pytest.raises(CameraError, match=rf"^{name}: (claims|ends)"):
        read(tmp_path)


def test_refuses_damaged_poses_and_lenses(tmp_path: Path) -> None:
    dialects.colmap_binary(tmp_path, "a")
    whole = (tmp_path / "images.bin").read_bytes()
    zeros = bytes(32)
    for quaternion in (zeros, struct.pack("<4d", *[float("nan")] * 4), struct.pack("<4d", *[float("inf")] * 4)):
        (tmp_path / "images.bin").write_bytes(whole[:12] + quaternion + whole[44:])
        with pytest.raises(CameraError, match=r"^images.bin: image 'a': quaternion is"):
            read(tmp_path)
    (tmp_path / "images.bin").write_bytes(whole[:44] + struct.pack("<d", float("nan")) + whole[52:])
    with pytest.raises(CameraError, match=r"^images.bin: image 'a': camera 4: viewmat is"):
        read(tmp_path)
    (tmp_path / "images.bin").write_bytes(whole[:68] + struct.pack("<I", 5) + whole[72:])
    with pytest.raises(CameraError, match=r"^images.bin: image 'a': camera 5 is not in cameras.bin"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("lens", "message"),
    [
        ({"model": 99}, "cameras.bin: camera 4: model 99 is unknown"),
        ({"model": -1}, "cameras.bin: camera 4: model -1 is unknown"),
        ({"model": 17}, "cameras.bin: camera 4: model EQUIRECTANGULAR is no pinhole"),
        ({"parameters": (400, float("nan"), 160, 120)}, "cameras.bin: camera 4: parameters are .*, expected finite"),
        ({"parameters": (400, 0, 160, 120)}, "images.bin: image 'a': camera 4: focal lengths are 400.0 and 0.0"),
    ],
)
def test_refuses_odd_lenses(tmp_path: Path, lens: dict[str, Any], message: str) -> None:
    with pytest.raises(CameraError, match=f"^{message}"):
        read(dialects.colmap_binary(tmp_path, "a", **lens))


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("cameras.txt", "4 PINHOLE 320 240 400 300 160", "has 3 parameters, expected 4 of PINHOLE"),
        ("cameras.txt", "4 BROWN 320 240 400 300 160 120", "model BROWN is unknown"),
        ("cameras.txt", "4 PINHOLE 320.5 240 400 300 160 120", "is not CAMERA_ID MODEL"),
        ("cameras.txt", "4 PINHOLE", "is not CAMERA_ID MODEL"),
        ("images.txt", "9 1 0 0 0 2 1 -3 4", "is not IMAGE_ID QW"),
        ("images.txt", "9 1 0 0 zero 2 1 -3 4 a.png", "is not IMAGE_ID QW"),
    ],
)
def test_names_the_line(tmp_path: Path, name: str, line: str, message: str) -> None:
    path = dialects.colmap_text(tmp_path, "a.png") / name
    path.write_text(f"# comment\n{line}\n")
    with pytest.raises(CameraError, match=f"^{name}: line 2: {message}"):
        read(tmp_path)


def test_refuses_a_model_without_images(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match=r"^images.txt: holds no cameras"):
        read(dialects.colmap_text(tmp_path))
