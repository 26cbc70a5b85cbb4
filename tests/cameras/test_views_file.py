"""*.views.json, read and written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ralhe.cameras import Camera, View, Views, read, write
from ralhe.errors import CameraError
from tests.cameras import dialects


@pytest.fixture
def views(tmp_path: Path) -> Views:
    """Views whose numbers are not round, one with a photo in a folder, one with a photo elsewhere."""
    rng = np.random.default_rng(3)
    cameras = [
        Camera.looking_at(rng.normal(size=3), rng.normal(size=3), rng.normal(size=3), fov=0.7, width=81 + i, height=60)
        for i in range(3)
    ]
    near = dialects.photo(tmp_path / "scene/photos/é.png", size=(81, 60))
    far = dialects.photo(tmp_path / "elsewhere/b.png", size=(82, 60))
    small = Camera(cameras[2].viewmat, cameras[2].K, 83, 60, near=0.001)
    fit = (View("é", cameras[0], near), View('"b"', cameras[1], far))
    return Views(fit, (View("c", small),), (0.1, 0.2, 1.0))


@pytest.mark.filterwarnings("ignore:.*were not found")
def test_round_trip_is_exact(tmp_path: Path, views: Views) -> None:
    path = tmp_path / "scene/made.views.json"
    write(path, views)
    back = read(path)
    assert back.background == views.background
    assert [view.name for view in back.fit] == ["é", '"b"']
    assert [view.name for view in back.test] == ["c"]
    for view, expected in zip(back.all, views.all, strict=True):
        np.testing.assert_array_equal(view.camera.viewmat, expected.camera.viewmat)
        np.testing.assert_array_equal(view.camera.K, expected.camera.K)
        assert (view.camera.width, view.camera.height) == (expected.camera.width, expected.camera.height)
        assert view.camera.near == expected.camera.near
        assert view.photo == expected.photo
    again = tmp_path / "scene/again.views.json"
    write(again, back)
    assert again.read_bytes() == path.read_bytes()


def test_photos_move_with_the_folder(tmp_path: Path, views: Views) -> None:
    write(tmp_path / "scene/made.views.json", Views(views.fit[:1], ()))
    (tmp_path / "scene").rename(tmp_path / "moved")
    assert read(tmp_path / "moved").fit[0].photo == tmp_path / "moved/photos/é.png"


def test_one_view_a_line_and_nothing_left_behind(tmp_path: Path, views: Views) -> None:
    write(tmp_path / "made.views.json", views)
    text = (tmp_path / "made.views.json").read_text()
    assert text.count("viewmat") == sum("viewmat" in line for line in text.splitlines()) == 3
    assert json.loads(text)["convention"].startswith("OpenCV world-to-camera (x right")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "made.views.json", "scene"]


def test_reads_views_without_names(tmp_path: Path) -> None:
    views = read(dialects.views_file(tmp_path / "v.json", fit=2, test=1, cx=None, cy=None))
    assert [view.name for view in views.all] == ["fit 00", "fit 01", "test 00"]
    for view in views.all:
        dialects.assert_is_the_camera(view.camera)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"fx": 0}, "fx is 0.0, expected more than 0"),
        ({"width": -1}, "width is -1.0, expected a whole number"),
        ({"viewmat": None}, "has no field viewmat"),
        ({"viewmat": [[1, 0, 0, 0]] * 4}, "viewmat: last row"),
        ({"near": 0}, "near plane is 0.0, expected more than 0"),
        ({"name": 3}, "name is 3, expected a text"),
    ],
)
def test_names_the_view_and_the_field(tmp_path: Path, fields: dialects.Json, message: str) -> None:
    with pytest.raises(CameraError, match=rf"^v.json: fit\[0\]: {message}"):
        read(dialects.views_file(tmp_path / "v.json", **fields))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"convention": "OpenGL camera-to-world"}, "convention is 'OpenGL camera-to-world', expected 'OpenCV world"),
        ({"background": [0, 0, 2]}, r"background is \[0.0, 0.0, 2.0\], expected R, G and B in \[0, 1\]"),
        ({"background": "white"}, "background is 'white', expected 3 finite numbers"),
        ({"test": {}}, "test is {}, expected a list"),
    ],
)
def test_refuses_odd_conventions(tmp_path: Path, fields: dialects.Json, message: str) -> None:
    with pytest.raises(CameraError, match=f"^v.json: {message}"):
        read(dialects.save(tmp_path / "v.json", {"fit": [dialects.VIEW], **fields}))
