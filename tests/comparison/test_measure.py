"""Scenes measured against a reference: numbers, pictures kept, which views, which file an error is about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest
import torch

import ralhe
from ralhe import cameras
from ralhe.cameras import Camera, View, Views
from ralhe.comparison import compare, measure
from ralhe.errors import BitstreamError, CameraError, RalheError, SceneError
from ralhe.gaussians import SH_C0, Array, Gaussians
from ralhe.progress import Progress
from tests.scenes import sphere
from tests.streams import Made

WIDTH, HEIGHT = 48, 36
SIDES = np.array([[3.0, 0, 0], [0, 3, 0.5], [-3, 0, 1], [0, -3, 0.2], [2, 2, 1]])


UP = np.array([0.0, 0, 1])
AROUND = tuple(
    View(f"side {i}", Camera.looking_at(eye, np.zeros(3), UP, fov=0.9, width=WIDTH, height=HEIGHT))
    for i, eye in enumerate(SIDES)
)
VIEWS = Views(fit=AROUND[2:], test=AROUND[:2])


def wall(colour: float) -> Gaussians:
    """Grey in every pixel of every view: a dozen Gaussians at the origin that reach far beyond the picture."""
    return Gaussians(
        positions=np.zeros((12, 3), np.float32),
        log_scales=np.full((12, 3), 6.0),
        rotations=np.tile([1.0, 0, 0, 0], (12, 1)),
        opacity_logits=np.full(12, 0.5),
        sh=np.full((12, 1, 3), (colour - 0.5) / SH_C0),
    )


def drawn(scene: Gaussians, view: View) -> npt.NDArray[np.uint8]:
    """[H, W, 3] what a view on black shows, in 8 bits."""
    with torch.no_grad():
        colour: Array = ralhe.render(scene, view.camera).colour.clamp(0, 1).numpy()
    return np.rint(colour * 255).astype(np.uint8)


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """A sphere of three hundred Gaussians."""
    path = tmp_path / "scene.ply"
    ralhe.write(path, sphere())
    return path


@pytest.fixture
def worse(tmp_path: Path) -> Path:
    """The same sphere, larger Gaussians."""
    path, whole = tmp_path / "worse.ply", sphere()
    ralhe.write(path, replace(whole, log_scales=whole.log_scales + 0.4))
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """The test views with pictures of the sphere as photos."""
    for i, view in enumerate(VIEWS.test):
        PIL.Image.fromarray(drawn(sphere(), view)).save(tmp_path / f"{i}.png")
    taken = [replace(view, photo=tmp_path / f"{i}.png") for i, view in enumerate(VIEWS.test)]
    cameras.write(tmp_path / "taken.views.json", Views((), tuple(taken)))
    return tmp_path / "taken.views.json"


def test_a_tenth_of_white_is_twenty_decibels(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.ply" for name in ("grey", "light", "lighter")]
    for path, colour in zip(paths, (0.4, 0.5, 0.6), strict=True):
        ralhe.write(path, wall(colour))
    light, lighter = compare(*paths, views=VIEWS).scenes
    assert [view.psnr for view in light.views] == pytest.approx([20, 20], abs=0.01)
    assert [view.psnr for view in lighter.views] == pytest.approx([20 - 20 * np.log10(2)] * 2, abs=0.01)
    assert lighter.views[0].flip > light.views[0].flip > 0.01


def test_the_same_scene_is_identical(scene: Path) -> None:
    found = compare(scene, scene, views=VIEWS)
    assert [(view.psnr, view.flip) for view in found.scenes[0].views] == [(np.inf, 0), (np.inf, 0)]
    assert [view.ssim for view in found.scenes[0].views] == pytest.approx([1, 1])
    assert found.reference.views == ()


def test_photos_are_a_second_reference(scene: Path, worse: Path, photos: Path) -> None:
    found = compare(scene, worse, views=photos)
    assert found.view_source == "taken.views.json"
    assert all(view.psnr > 55 for view in found.reference.photos)  # nothing but the rounding to 8 bits
    against_renders, against_photos = found.scenes[0].views, found.scenes[0].photos
    assert [v.psnr for v in against_photos] == pytest.approx([v.psnr for v in against_renders], abs=0.05)
    assert max(v.psnr for v in against_photos) < 40
    for view in VIEWS.test:
        assert (found.photo_images[view.name] == drawn(sphere(), view)).all()


def test_transparent_photos_lie_on_the_background_of_the_views(scene: Path, tmp_path: Path) -> None:
    PIL.Image.new("RGBA", (WIDTH, HEIGHT), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    view = replace(AROUND[0], photo=tmp_path / "clear.png")
    found = compare(scene, scene, views=Views((), (view,), background=(0.0, 1.0, 0.2)))
    assert (found.photo_images["side 0"] == (0, 255, 51)).all()
    assert (found.scenes[0].images["side 0"][0, 0] == (0, 255, 51)).all()


def test_pictures_of_the_worst_views_are_kept(
    scene: Path, worse: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "PICTURED", 2)
    found = compare(scene, scene, worse, views=Views((), (*AROUND[2:], *cameras.read(photos).test)))
    by_psnr = sorted(found.scenes[1].views, key=lambda view: view.psnr)
    assert len(by_psnr) == 5
    kept = {view.view for view in by_psnr[:2]}
    assert all(set(part.images) == kept for part in (found.reference, *found.scenes))
    assert set(found.photo_images) == kept & {"side 0", "side 1"}
    for view in AROUND:
        if view.name in kept:
            assert (found.reference.images[view.name] == drawn(sphere(), view)).all()
            assert (found.scenes[1].images[view.name] == drawn(ralhe.read(worse), view)).all()


def test_views_of_the_fit_do_not_judge(scene: Path, worse: Path) -> None:
    def judged_by(views: Views) -> list[str]:
        return [view.view for view in compare(scene, worse, views=views).scenes[0].views]

    assert judged_by(VIEWS) == ["side 0", "side 1"]
    assert judged_by(Views(AROUND[3:], ())) == ["side 3", "side 4"]
    with pytest.raises(CameraError, match="no views"):
        judged_by(Views((), ()))


def test_pictures_shrink_to_a_size(scene: Path, worse: Path, photos: Path) -> None:
    found = compare(scene, worse, views=photos, size=(24, 24))
    assert {image.shape for image in found.scenes[0].images.values()} == {(18, 24, 3)}
    assert {image.shape for image in found.photo_images.values()} == {(18, 24, 3)}
    assert compare(scene, worse, views=photos, size=(900, 900)).scenes[0].images["side 0"].shape == (HEIGHT, WIDTH, 3)


def test_one_pixel_is_enough(scene: Path, worse: Path) -> None:
    found = compare(scene, worse, views=VIEWS, size=(1, 1)).scenes[0]
    assert {image.shape for image in found.images.values()} == {(1, 1, 3)}
    assert all(10 < view.psnr < np.inf and view.ms_ssim is None for view in found.views)


def test_views_are_placed_where_none_are_given(scene: Path, worse: Path) -> None:
    found = compare(scene, worse, size=(36, 48))
    assert found.view_source == "placed by ralhe"
    assert len(found.scenes[0].views) == 12
    assert {image.shape for image in found.reference.images.values()} == {(48, 36, 3)}
    assert min(image.max() for image in found.reference.images.values()) > 100


def test_axes_do_not_matter(scene: Path, tmp_path: Path) -> None:
    spz, mistaken = tmp_path / "scene.spz", tmp_path / "mistaken.ply"
    ralhe.write(spz, sphere(coordinates="RDF"))
    assert ralhe.read(spz).coordinates == "RUB"
    ralhe.write(mistaken, replace(ralhe.read(spz), coordinates="unspecified"))
    right, wrong = compare(scene, spz, mistaken, views=VIEWS).scenes
    assert min(view.psnr for view in right.views) > 40
    assert max(view.psnr for view in wrong.views) < 25


def test_scenes_of_no_and_one_gaussian(scene: Path, tmp_path: Path) -> None:
    none, one = tmp_path / "none.ply", tmp_path / "one.ply"
    ralhe.write(none, sphere(0))
    ralhe.write(one, sphere(1))
    found = compare(none, one, none, scene, views=VIEWS)
    assert [part.gaussians for part in found.scenes] == [1, 0, 300]
    assert found.scenes[1].views[0].psnr == np.inf
    assert found.scenes[2].views[0].psnr < 30
    with pytest.raises(SceneError, match=f"^{none}: "):
        compare(none, scene)


def test_gaussians_that_are_no_numbers_are_told_and_not_drawn(tmp_path: Path) -> None:
    broken, whole, rest = tmp_path / "broken.ply", sphere(), tmp_path / "rest.ply"
    ralhe.write(rest, whole.take(np.arange(5, len(whole))))
    whole.sh[:5] = np.nan
    ralhe.write(broken, whole)
    with pytest.warns(ralhe.SceneNotice, match=f"^{broken}: 5 Gaussians with numbers that are not finite"):
        found = compare(broken, rest, views=VIEWS)
    assert all(view.psnr == np.inf or view.psnr >= 100 for view in found.scenes[0].views)


def test_a_stream_tells_its_bytes(scene: Path, small_stream: Made, tmp_path: Path) -> None:
    stream = tmp_path / "small.ralhe"
    stream.write_bytes(small_stream.data)
    found = compare(scene, stream, views=VIEWS).scenes[0]
    assert found.bytes == sum(found.sections.values()) == found.levels[-1].prefix_bytes == len(small_stream.data)
    assert (found.gaussians, found.sh_degree) == (len(small_stream.codes), 1)


def test_progress_goes_from_reading_to_all_done(scene: Path, worse: Path, photos: Path) -> None:
    seen: list[Progress] = []
    compare(scene, worse, views=photos, progress=seen.append)
    assert list(dict.fromkeys(moment.phase for moment in seen)) == ["reading", "measuring", "drawing"]
    counted = [moment for moment in seen if moment.phase != "reading"]
    assert len({moment.total for moment in counted}) == 1
    assert [moment.done for moment in counted] == sorted(moment.done for moment in counted)
    assert (counted[0].done, counted[-1].done) == (0, counted[-1].total)
    seen.clear()
    compare(scene, worse, size=(8, 6), progress=seen.append)
    assert [moment.phase for moment in seen[:3]] == ["reading", "placing views", "measuring"]


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"ply\nformat nonsense", SceneError), (b"no scene", SceneError), (b"RALH" + bytes(90), BitstreamError)],
)
def test_errors_name_the_file_that_is_bad(
    content: bytes, error: type[RalheError], scene: Path, worse: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.ply"
    bad.write_bytes(content)
    with pytest.raises(error) as caught:
        compare(scene, worse, bad, views=VIEWS)
    assert str(caught.value).startswith(f"{bad}: ")
    assert str(caught.value).count("bad.ply") == 1
    assert "scene.ply" not in str(caught.value)


def test_errors_name_cameras_and_photos(scene: Path, worse: Path, photos: Path) -> None:
    (photos.parent / "1.png").write_bytes(b"no picture")
    with pytest.raises(CameraError, match=f"^{photos.parent / '1.png'}: "):
        compare(scene, worse, views=photos)
    photos.write_text("{")
    with pytest.raises(CameraError, match=f"^{photos}: not JSON"):
        compare(scene, worse, views=photos)
    with pytest.raises(FileNotFoundError) as caught:
        compare(scene, photos.parent / "nowhere.spz", views=VIEWS)
    assert caught.value.filename == str(photos.parent / "nowhere.spz")
