"""transforms.json of NeRF, Blender, instant-ngp and nerfstudio."""

from __future__ import annotations

import json
import math
from pathlib import Path

import PIL.Image
import pytest

from ralhe.cameras import read
from ralhe.errors import CameraError
from ralhe.files import SceneNotice
from tests.cameras import dialects

NO_LENS = dict.fromkeys(("fl_x", "fl_y", "w", "h"))


@pytest.fixture
def blender(tmp_path: Path) -> Path:
    """A folder as Blender's synthetic scenes are: an angle alone, RGBA photos without suffix in the file."""
    for part, names in {"train": ["r_0", "r_1"], "val": ["r_0"], "test": ["r_0"]}.items():
        dialects.transforms(
            tmp_path / f"transforms_{part}.json",
            *(f"./{part}/{name}" for name in names),
            **NO_LENS,
            camera_angle_x=2 * math.atan(160 / dialects.FX),
        )
        for name in names:
            dialects.photo(tmp_path / part / f"{name}.png", "RGBA")
    return tmp_path


def test_reads_a_synthetic_scene(blender: Path) -> None:
    views = read(blender)
    assert [view.name for view in views.fit] == ["train/r_0", "train/r_1"]
    assert [view.name for view in views.test] == ["test/r_0"]
    assert views.test[0].photo == blender / "test/r_0.png"
    assert views.background == (1, 1, 1)
    camera = views.fit[0].camera
    assert (camera.width, camera.height) == (dialects.WIDTH, dialects.HEIGHT)
    assert camera.K.tolist() == [[pytest.approx(400), 0, 160], [0, pytest.approx(400), 120], [0, 0, 1]]


def test_validation_views_stand_in_for_test_views(blender: Path) -> None:
    (blender / "transforms_test.json").unlink()
    assert [view.name for view in read(blender).test] == ["val/r_0"]
    (blender / "transforms_val.json").unlink()
    views = read(blender)
    assert [view.name for view in views.test] == ["train/r_0"]
    assert [view.name for view in views.fit] == ["train/r_1"]


def test_one_file_of_a_synthetic_scene_is_split(blender: Path) -> None:
    views = read(blender / "transforms_train.json")
    assert ([v.name for v in views.fit], [v.name for v in views.test]) == (["train/r_1"], ["train/r_0"])


def test_a_second_angle_makes_oblong_pixels(tmp_path: Path) -> None:
    x, y = 2 * math.atan(160 / dialects.FX), 2 * math.atan(120 / dialects.FY)
    path = dialects.transforms(tmp_path / "t.json", "a", fl_x=None, fl_y=None, camera_angle_x=x, camera_angle_y=y)
    views = read(path)
    dialects.assert_is_the_camera(views.all[0].camera)


def test_a_frame_wins_over_the_top(tmp_path: Path) -> None:
    own = {"fl_x": 500, "fl_y": 600, "cx": 1.5, "cy": 2.5, "w": 20.0, "h": 10.0}
    path = dialects.transforms(tmp_path / "t.json", "a", frame=own, cx=9, cy=9, k1=0, k2=0.0, camera_model="OPENCV")
    camera = read(path).all[0].camera
    assert camera.K.tolist() == [[500, 0, 1.5], [0, 600, 2.5], [0, 0, 1]]
    assert (camera.width, camera.height) == (20, 10)


def test_a_frame_without_file_and_last_row(tmp_path: Path) -> None:
    path = dialects.transforms(tmp_path / "t.json", "a", "b")
    document = json.loads(path.read_text())
    for frame in document["frames"]:
        del frame["file_path"], frame["transform_matrix"][3]
    views = read(dialects.save(path, document))
    assert [view.name for view in views.all] == ["frame 00001", "frame 00000"]
    dialects.assert_is_the_camera(views.all[0].camera)


@pytest.mark.parametrize("photo", ["a.png", "a.jpg", "a.JPG", "a.jpeg", "a.webp"])
def test_finds_photos_whatever_their_suffix(tmp_path: Path, photo: str) -> None:
    dialects.photo(tmp_path / "images" / photo)
    with_suffix = read(dialects.transforms(tmp_path / "t.json", f"images/{photo}"))
    without = read(dialects.transforms(tmp_path / "t.json", "images\\a"))
    assert with_suffix.all[0].photo == without.all[0].photo == tmp_path / "images" / photo
    assert with_suffix.background == without.background == (0, 0, 0)


def test_opens_one_photo_where_the_sizes_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{i}.png" for i in range(9)]
    for name in names:
        dialects.photo(tmp_path / name, "LA")
    opened: list[Path] = []
    really = PIL.Image.open

    def noted(path: Path) -> PIL.Image.Image:
        opened.append(path)
        return really(path)

    monkeypatch.setattr(PIL.Image, "open", noted)
    assert read(dialects.transforms(tmp_path / "t.json", *names)).background == (1, 1, 1)
    assert opened == [tmp_path / "0.png"]


@pytest.mark.parametrize(
    ("lists", "fit", "test"),
    [
        ({"train_filenames": ["b", "./c"], "test_filenames": ["a"]}, "bc", "a"),
        ({"train_filenames": ["b"], "val_filenames": ["d"], "test_filenames": ["c"]}, "b", "c"),
        ({"val_filenames": ["d"]}, "abc", "d"),
        ({"train_filenames": ["b", "d"]}, "d", "b"),
    ],
)
def test_the_split_of_nerfstudio(tmp_path: Path, lists: dialects.Json, fit: str, test: str) -> None:
    views = read(dialects.transforms(tmp_path / "t.json", *"abcd", **lists))
    assert ["".join(view.name for view in part) for part in (views.fit, views.test)] == [fit, test]


@pytest.mark.parametrize(
    "lens", [{"k1": 0.01}, {"p2": -1e-4}, {"camera_model": "OPENCV_FISHEYE"}, {"is_fisheye": True}]
)
def test_photos_with_distortion_are_not_used(tmp_path: Path, lens: dialects.Json) -> None:
    for name in "abc":
        dialects.photo(tmp_path / f"{name}.png")
    path = dialects.transforms(tmp_path / "t.json", *"abc")
    document = json.loads(path.read_text())
    document["frames"][1] |= lens
    with pytest.warns(SceneNotice) as notices:
        views = read(dialects.save(path, document))
    assert [str(notice.message) for notice in notices] == [
        "t.json: lens distortion is not modelled, so the photos of 1 of 3 views are not used; "
        "undistort them with COLMAP's image_undistorter"
    ]
    assert {view.name: view.photo is None for view in views.all} == {"a": False, "b": True, "c": False}


def test_counts_photos_that_are_missing(tmp_path: Path) -> None:
    dialects.photo(tmp_path / "b.png")
    with pytest.warns(SceneNotice, match=r"^t.json: the photos of 2 of 3 views were not found"):
        views = read(dialects.transforms(tmp_path / "t.json", *"abc"))
    assert [view.name for view in views.all if view.photo] == ["b"]


def test_the_same_photo_twice_is_two_views(tmp_path: Path) -> None:
    views = read(dialects.transforms(tmp_path / "t.json", "a", "a (2)", "a"))
    assert sorted(view.name for view in views.all) == ["a", "a (2)", "a (3)"]


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"fl_x": 0}, "fl_x is 0.0, expected more than 0"),
        ({"fl_y": -3}, "fl_y is -3.0, expected more than 0"),
        ({"fl_x": NAN}, "fl_x is nan, expected a finite number"),
        ({"fl_x": True}, "fl_x is True, expected a finite number"),
        ({"fl_x": 10**400}, "fl_x is 1000.*, expected a finite number"),
        ({"cx": "wide"}, "cx is 'wide', expected a finite number"),
        ({"w": -4}, "w is -4.0, expected a whole number of pixels above 0"),
        ({"h": 2.5}, "h is 2.5, expected a whole number of pixels above 0"),
        ({"w": 1e9}, "size is 1000000000 x 240 pixels"),
        ({"k2": INF}, "k2 is inf, expected a finite number"),
        ({"camera_model": "EQUIRECTANGULAR"}, "camera_model is EQUIRECTANGULAR, which is no pinhole"),
        ({"file_path": ""}, "file_path is '', expected a text"),
        ({"file_path": 4}, "file_path is 4, expected a text"),
        ({"transform_matrix": None}, "has no field transform_matrix"),
        ({"transform_matrix": [[1, 2], [3, 4]]}, "transform_matrix is .*, expected 4 x 4 or 3 x 4 finite numbers"),
        ({"transform_matrix": [[1, 2], [3]]}, "transform_matrix is .*, expected 4 x 4 or 3 x 4 finite numbers"),
        ({"transform_matrix": [*dialects.OPENGL[:2], [0, 0, NAN, 0], [0, 0, 0, 1]]}, "transform_matrix is .* finite"),
        ({"transform_matrix": [*dialects.OPENGL[:3], [0, 0, 1, 1]]}, "transform_matrix: last row of the matrix is"),
    ],
)
def test_names_the_file_the_frame_and_the_field(tmp_path: Path, frame: dialects.Json, message: str) -> None:
    path = dialects.transforms(tmp_path / "t.json", "a", "b")
    document = json.loads(path.read_text())
    document["frames"][1] |= frame
    with pytest.raises(CameraError, match=rf"^t.json: frames\[1\]: {message}"):
        read(dialects.save(path, document))


@pytest.mark.parametrize(
    ("top", "message"),
    [
        ({"w": None}, "has no w and h, and no photo a was found to take them from; add either"),
        ({"fl_x": None}, "has neither fl_x nor camera_angle_x"),
        ({"fl_x": None, "camera_angle_x": 3.2}, "camera_angle_x is 3.2, expected more than 0 and less than pi"),
    ],
)
def test_names_what_the_top_lacks(tmp_path: Path, top: dialects.Json, message: str) -> None:
    with pytest.raises(CameraError, match=rf"^t.json: frames\[0\]: {message}"):
        read(dialects.transforms(tmp_path / "t.json", "a", **top))


def test_a_name_that_no_file_system_takes_is_no_photo(tmp_path: Path) -> None:
    views = read(dialects.transforms(tmp_path / "t.json", "a" * 5000, "a\0b", "\ud800", "/"))
    assert [view.photo for view in views.all] == [None] * 4
