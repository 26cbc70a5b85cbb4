"""Photos in every mode, resized, and damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from ralhe.cameras import Camera, View, photos
from ralhe.errors import CameraError

Colour = tuple[float, float, float]
Size = tuple[int, int]
Load = Callable[..., photos.Pixels]

BLACK, WHITE, COLOUR = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.25, 0.5, 1.0)


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Saves an image and loads it for a camera of its size, or of another one."""

    def load(image: Image.Image, background: Colour = BLACK, size: Size | None = None, name: str = "photo.png",
             **options: Any) -> photos.Pixels:  # fmt: skip
        path = tmp_path / name
        image.save(path, **options)
        return photos.load(view(path, *(size or image.size)), background)

    return load


def view(path: Path | None, width: int, height: int) -> View:
    return View("v", Camera.pinhole(np.eye(4), (9, 9), None, width, height), path)


def noise(*shape: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(5).integers(0, 256, shape, np.uint8)


def test_rgb_is_exact(load: Load) -> None:
    rgb = noise(5, 7, 3)
    pixels = load(Image.fromarray(rgb))
    assert pixels.dtype == np.float32
    np.testing.assert_array_equal(pixels, rgb.astype(np.float32) / np.float32(255))


@pytest.mark.parametrize("background", [BLACK, WHITE, COLOUR])
def test_alpha_is_composited_without_rounding(load: Load, background: Colour) -> None:
    rgba = noise(5, 7, 4)
    colour, alpha = rgba[..., :3] / 255, rgba[..., 3:] / 255
    pixels = load(Image.fromarray(rgba), background)
    np.testing.assert_allclose(pixels, colour * alpha + np.array(background) * (1 - alpha), rtol=0, atol=1e-6)
    assert pixels.min() >= 0
    assert pixels.max() <= 1


def test_greyscale_with_and_without_alpha(load: Load) -> None:
    grey = noise(5, 7)
    expected = np.repeat(grey[..., None] / 255, 3, axis=2)
    np.testing.assert_allclose(load(Image.fromarray(grey)), expected, rtol=0, atol=1e-6)
    both = Image.merge("LA", [Image.fromarray(grey), Image.new("L", (7, 5), 51)])
    np.testing.assert_allclose(load(both, WHITE), expected * 0.2 + 0.8, rtol=0, atol=1e-6)
    mask = load(Image.fromarray(grey > 128))
    assert set(mask.ravel().tolist()) == {0, 1}


@pytest.mark.parametrize("name", ["deep.png", "deep.tiff"])
def test_sixteen_bits_keep_their_precision(load: Load, name: str) -> None:
    deep = np.random.default_rng(6).integers(0, 65536, (5, 7), np.uint16)
    pixels = load(Image.fromarray(deep), name=name)
    np.testing.assert_allclose(pixels, np.repeat(deep[..., None] / 65535, 3, axis=2), rtol=0, atol=1e-6)


def test_a_palette_with_a_transparent_colour(load: Load) -> None:
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8), "P")
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    np.testing.assert_array_equal(load(image), [[[1, 0, 0], [0, 1, 0], [0, 0, 1]]])
    np.testing.assert_array_equal(load(image, WHITE, transparency=1), [[[1, 0, 0], [1, 1, 1], [0, 0, 1]]])


def test_printers_colours_become_rgb(load: Load) -> None:
    pixels = load(Image.new("CMYK", (4, 4), (0, 255, 255, 0)), name="photo.tiff")
    np.testing.assert_array_equal(pixels, np.broadcast_to([1, 0, 0], (4, 4, 3)))


def test_orientation_is_left_alone(load: Load) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    rgb = noise(16, 32, 3)
    assert load(Image.fromarray(rgb), name="photo.jpg", exif=exif).shape == (16, 32, 3)


def test_resizing_takes_means_over_areas(load: Load) -> None:
    rgba = noise(12, 18, 4)
    full = load(Image.fromarray(rgba), COLOUR)
    third = load(Image.fromarray(rgba), COLOUR, size=(6, 4))
    np.testing.assert_allclose(third, full.reshape(4, 3, 6, 3, 3).mean(axis=(1, 3)), rtol=0, atol=1e-6)
    assert load(Image.fromarray(rgba), size=(36, 24)).shape == (24, 36, 3)


@pytest.mark.parametrize(
    ("photo", "camera"), [((800, 600), (403, 300)), ((1237, 822), (32, 21)), ((822, 1237), (2, 3))]
)
def test_rounding_may_change_the_aspect_ratio(load: Load, photo: Size, camera: Size) -> None:
    assert load(Image.new("RGB", photo), size=camera).shape == (camera[1], camera[0], 3)


@pytest.mark.parametrize("camera", [(600, 800), (400, 294), (400, 306), (800, 611)])
def test_refuses_another_aspect_ratio(load: Load, camera: Size) -> None:
    with pytest.raises(CameraError, match=rf"photo.png: is 800 x 600 pixels, .* {camera[0]} x {camera[1]}; give"):
        load(Image.new("RGB", (800, 600)), size=camera)


def test_every_truncation_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.fromarray(noise(24, 24, 4)).save(path)
    whole = path.read_bytes()
    for size in [*range(0, 80), *range(80, len(whole) - 20, 97)]:
        path.write_bytes(whole[:size])
        with pytest.raises(CameraError, match=r"photo.png: ") as caught:
            photos.load(view(path, 24, 24), BLACK)
        assert "\n" not in str(caught.value)


def test_other_errors_name_the_photo(tmp_path: Path, load: Load) -> None:
    with pytest.raises(CameraError, match=r"none.png: cannot be read"):
        photos.load(view(tmp_path / "none.png", 4, 4), BLACK)
    with pytest.raises(CameraError, match=r"^v: the view has no photo"):
        photos.load(view(None, 4, 4), BLACK)
    with pytest.raises(CameraError, match=r"photo.tiff: holds floating-point numbers; convert"):
        load(Image.new("F", (4, 4)), name="photo.tiff")


def test_header_tells_size_and_transparency(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.fromarray(noise(40, 30, 4)).save(path)
    path.write_bytes(path.read_bytes()[:60])
    assert photos.size(path) == (30, 40)
    assert photos.is_transparent(path)
    Image.new("RGB", (3, 3)).save(path)
    assert not photos.is_transparent(path)
