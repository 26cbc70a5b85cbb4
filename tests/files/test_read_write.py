"""Which format a file gets, and what an interrupted write leaves."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from ralhe.errors import SceneError
from ralhe.files import ply, read, write
from ralhe.gaussians import Gaussians

MakeScene = Callable[..., Gaussians]
AssertSame = Callable[[Gaussians, Gaussians], None]


def test_content_decides_what_is_read(tmp_path: Path, make_scene: MakeScene, assert_same: AssertSame) -> None:
    scene = make_scene()
    write(tmp_path / "scene.ply", scene)
    (tmp_path / "scene.ply").rename(tmp_path / "scene.spz")
    assert_same(read(str(tmp_path / "scene.spz")), scene)


@pytest.mark.parametrize("content", [b"", b"p", b"pl", b"PK\x03\x04", b"\x00" * 100, b"glTF"])
def test_names_what_can_be_read(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "scene.sog").write_bytes(content)
    with pytest.raises(SceneError, match=r"^scene.sog: not a .ply, .compressed.ply or .spz file; convert"):
        read(tmp_path / "scene.sog")


def test_a_missing_file_is_the_callers_matter(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.ply")


@pytest.mark.parametrize("name", ["scene.PLY", "my.scene.v2.ply", "scene.Spz", ".ply.spz"])
def test_suffix_decides_what_is_written(tmp_path: Path, make_scene: MakeScene, name: str) -> None:
    write(tmp_path / name, make_scene())
    magic = (tmp_path / name).read_bytes()[:3]
    assert magic == (b"ply" if name.lower().endswith("ply") else gzip.compress(b"")[:3])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.compressed.ply", "can only be read; write .ply or .spz"),
        ("a.Compressed.PLY", "can only be read"),
        ("a.sog", "no scene format has this suffix; write .ply or .spz"),
        ("a", "no scene format"),
    ],
)
def test_names_what_can_be_written(tmp_path: Path, make_scene: MakeScene, name: str, message: str) -> None:
    with pytest.raises(SceneError, match=message):
        write(tmp_path / name, make_scene())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("before", [None, b"earlier"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, SceneError])
def test_an_interrupted_write_leaves_things_as_they_were(tmp_path: Path, make_scene: MakeScene,
                                                         monkeypatch: pytest.MonkeyPatch, before: bytes | None,
                                                         error: type[BaseException]) -> None:  # fmt: skip
    path = tmp_path / "scene.ply"
    if before is not None:
        path.write_bytes(before)

    def interrupted(block: Gaussians) -> None:
        raise error

    monkeypatch.setattr(ply, "_rows", interrupted)
    with pytest.raises(error):
        write(path, make_scene())
    assert [file.read_bytes() for file in tmp_path.iterdir()] == ([] if before is None else [before])


def test_replaces_an_earlier_file_with_usual_permissions(
    tmp_path: Path, make_scene: MakeScene, assert_same: AssertSame
) -> None:
    path = tmp_path / "scene.ply"
    write(path, make_scene(seed=1))
    write(path, make_scene(seed=2))
    assert_same(read(path), make_scene(seed=2))
    (tmp_path / "plain").touch()
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_writes_through_a_link(tmp_path: Path, make_scene: MakeScene, assert_same: AssertSame) -> None:
    (tmp_path / "folder").mkdir()
    target = tmp_path / "folder" / "target.ply"
    link = tmp_path / "link.ply"
    try:
        link.symlink_to(target)
    except OSError:
        pytest.skip("no links here")
    write(link, make_scene())
    assert link.is_symlink()
    assert_same(read(target), make_scene())


def test_a_scene_can_replace_the_file_it_came_from(
    tmp_path: Path, make_scene: MakeScene, assert_same: AssertSame
) -> None:
    path = tmp_path / "scene.ply"
    write(path, make_scene(n=500, degree=3))
    write(path, read(path))
    assert_same(read(path), make_scene(n=500, degree=3))
    assert [file.name for file in tmp_path.iterdir()] == ["scene.ply"]
