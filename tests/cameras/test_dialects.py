"""One camera in every dialect, and which dialect a file or a folder is taken for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ralhe.cameras import read
from ralhe.cameras.camera import Matrix
from ralhe.errors import CameraError
from tests.cameras import dialects

Writer = Callable[[Path], Path]

WRITERS: dict[str, Writer] = {
    "transforms": lambda folder: dialects.transforms(folder / "any.json", "a", "b"),
    "transforms folder": lambda folder: dialects.transforms(folder / "transforms.json", "a", "b").parent,
    "train and test": lambda folder: (
        dialects.transforms(folder / "transforms_train.json", "train/a"),
        dialects.transforms(folder / "transforms_test.json", "test/a"),
    )[0].parent,
    "INRIA": lambda folder: dialects.inria(folder / "any.json", "a", "b"),
    "INRIA folder": lambda folder: dialects.inria(folder / "cameras.json", "a", "b").parent,
    "views": lambda folder: dialects.views_file(folder / "any.json"),
    "views folder": lambda folder: dialects.views_file(folder / "scene.views.json").parent,
    "COLMAP text": lambda folder: dialects.colmap_text(folder, "a.png", "b.png"),
    "COLMAP binary": lambda folder: dialects.colmap_binary(folder, "a.png", "b.png"),
    "COLMAP sparse": lambda folder: dialects.colmap_text(folder / "sparse", "a.png", "b.png").parent,
    "COLMAP sparse/0": lambda folder: dialects.colmap_binary(folder / "sparse/0", "a.png", "b.png").parent.parent,
    "COLMAP 0": lambda folder: dialects.colmap_binary(folder / "sparse/0", "a.png", "b.png"),
}


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_one_camera_in_every_dialect(tmp_path: Path, writer: Writer) -> None:
    views = read(writer(tmp_path))
    assert (len(views.fit), len(views.test)) == (1, 1)
    assert views.background == (0, 0, 0)
    assert len({view.name for view in views.all}) == 2
    for view in views.all:
        dialects.assert_is_the_camera(view.camera)
        assert view.photo is None


def test_every_eighth_by_name_is_held_out(tmp_path: Path) -> None:
    names = [f"{i:02}.png" for i in range(17)]
    views = read(dialects.colmap_text(tmp_path, *reversed(names)))
    assert [view.name for view in views.test] == ["00.png", "08.png", "16.png"]
    assert len(views.fit) == 14


def test_photos_of_a_model_win_over_a_copy_of_its_cameras(tmp_path: Path) -> None:
    dialects.colmap_binary(tmp_path / "sparse/0", "a.png")
    dialects.inria(tmp_path / "cameras.json", "b")
    assert read(str(tmp_path)).all[0].name == "a.png"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "^odd.json: not JSON .*; give transforms.json"),
        (b"\xff\x00", "^odd.json: not JSON"),
        (b"[" * 100_000, "^odd.json: not JSON"),
        (b"7", "^odd.json: has none of the fields of a known file"),
        (b'{"cameras": []}', "^odd.json: has none of the fields of a known file"),
        (b"[]", "^odd.json: holds no cameras"),
        (b"[3]", r"^odd.json: \[0\]: is 3, expected an object"),
        (b'{"frames": []}', "^odd.json: holds no cameras"),
        (b'{"frames": 3}', "^odd.json: frames is 3, expected a list"),
        (b'{"fit": []}', "^odd.json: holds no cameras"),
    ],
)
def test_refuses_what_is_no_file_of_cameras(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "odd.json").write_bytes(content)
    with pytest.raises(CameraError, match=message) as caught:
        read(tmp_path / "odd.json")
    assert "\n" not in str(caught.value)


def test_a_folder_without_cameras_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match=r"sparse/0, .*transforms_train.json, .*cameras.json and \*.views.json$"):
        read(tmp_path)


def test_two_views_files_are_a_question(tmp_path: Path) -> None:
    dialects.views_file(tmp_path / "a.views.json")
    dialects.views_file(tmp_path / "b.views.json")
    with pytest.raises(CameraError, match=r"holds 2 files \*.views.json; name one"):
        read(tmp_path)


def test_a_missing_file_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.json")


BAD_MATRICES: dict[str, Matrix] = {
    "a shear": np.array(dialects.OPENCV_AXES) @ [[1, 0, 0.1], [0, 1, 0], [0, 0, 1]],
    "a mirror": np.array(dialects.OPENCV_AXES) * [1, 1, -1],
    "flat": np.array(dialects.OPENCV_AXES) * [1, 1, 0],
    "nothing": np.zeros((3, 3)),
}


@pytest.mark.parametrize("matrix", BAD_MATRICES.values(), ids=BAD_MATRICES)
def test_refuses_what_is_no_rotation(tmp_path: Path, matrix: Matrix) -> None:
    rows = matrix.tolist()
    opengl = [[*row, 0] for row in rows] + [[0, 0, 0, 1]]
    with pytest.raises(CameraError, match=r"^c.json: \[0\]: rotation is .*, which shears or mirrors"):
        read(dialects.inria(tmp_path / "c.json", "a", rotation=rows))
    with pytest.raises(CameraError, match=r"^t.json: frames\[0\]: transform_matrix: rotation is"):
        read(dialects.transforms(tmp_path / "t.json", "a", frame={"transform_matrix": opengl}))
    with pytest.raises(CameraError, match=r"^v.json: fit\[0\]: viewmat: rotation is"):
        read(dialects.views_file(tmp_path / "v.json", viewmat=opengl))


@pytest.mark.parametrize("scale", [0.01, 1, 30])
def test_rounded_and_scaled_rotations_become_exact(tmp_path: Path, scale: float) -> None:
    """Of a scaled matrix the columns grow and the camera stays where it is."""
    rng = np.random.default_rng(1)
    axes = np.array(dialects.OPENCV_AXES) * scale + rng.uniform(-5e-7, 5e-7, (3, 3)) * scale
    opengl = np.eye(4)
    opengl[:3, :3], opengl[:3, 3] = axes * [1, -1, -1], dialects.POSITION
    viewmat = np.eye(4)
    viewmat[:3, :3] = np.linalg.inv(axes)
    viewmat[:3, 3] = -viewmat[:3, :3] @ dialects.POSITION
    made = [
        read(dialects.inria(tmp_path / "c.json", "a", rotation=axes.tolist())),
        read(dialects.transforms(tmp_path / "t.json", "a", frame={"transform_matrix": opengl.tolist()})),
        read(dialects.views_file(tmp_path / "v.json", viewmat=viewmat.tolist())),
    ]
    for views in made:
        camera = views.all[0].camera
        rotation = camera.viewmat[:3, :3]
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), rtol=0, atol=1e-14)
        np.testing.assert_allclose(rotation, np.array(dialects.OPENCV_AXES).T, rtol=0, atol=1e-6)
        np.testing.assert_allclose(camera.centre, dialects.POSITION, rtol=0, atol=1e-12)
