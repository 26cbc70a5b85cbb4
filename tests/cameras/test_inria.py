"""cameras.json of the 3DGS paper's code."""

from __future__ import annotations

from pathlib import Path

import pytest

from ralhe.cameras import read
from ralhe.errors import CameraError
from tests.cameras import dialects


@pytest.mark.parametrize("folder", ["scene/images", "images"])
def test_finds_photos_beside_the_file_or_its_folder(tmp_path: Path, folder: str) -> None:
    photo = dialects.photo(tmp_path / folder / "a.jpg")
    (view,) = read(dialects.inria(tmp_path / "scene/cameras.json", "a")).all
    assert view.photo is not None
    assert view.photo.resolve() == photo.resolve()
    assert view.camera.width == dialects.WIDTH


def test_a_name_borne_twice_has_no_photo(tmp_path: Path) -> None:
    dialects.photo(tmp_path / "images/r_0.png")
    views = read(dialects.inria(tmp_path / "cameras.json", "r_0", "r_0"))
    assert sorted(view.name for view in views.all) == ["r_0", "r_0 (2)"]
    assert [view.photo for view in views.all] == [None, None]


@pytest.mark.parametrize("field", ["img_name", "width", "height", "position", "rotation", "fx", "fy"])
def test_names_a_missing_field(tmp_path: Path, field: str) -> None:
    with pytest.raises(CameraError, match=rf"^cameras.json: \[0\]: has no field {field}$"):
        read(dialects.inria(tmp_path / "cameras.json", "a", **{field: None}))


@pytest.mark.parametrize("field", ["fx", "fy", "width", "height"])
def test_refuses_nothing_to_see(tmp_path: Path, field: str) -> None:
    with pytest.raises(CameraError, match=rf"^cameras.json: \[0\]: {field} is 0.0, expected"):
        read(dialects.inria(tmp_path / "cameras.json", "a", **{field: 0}))


def test_refuses_a_position_of_two_numbers(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match=r"position is \[1, 2\], expected 3 finite numbers"):
        read(dialects.inria(tmp_path / "cameras.json", "a", position=[1, 2]))
