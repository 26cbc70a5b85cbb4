"""Photos: finding them, their size, and their pixels as a camera of any size would have taken them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ralhe.cameras.views import View
from ralhe.errors import CameraError

if TYPE_CHECKING:
    from PIL import Image

Pixels = npt.NDArray[np.float32]

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".PNG", ".JPG", ".JPEG")

ASPECT_TOLERANCE = 0.01


def load(view: View, background: tuple[float, float, float]) -> Pixels:
    """[H, W, 3] the photo of a view in [0, 1], in the size of its camera.

    background: RGB in [0, 1] behind transparent pixels. The photo is composited first and then resized by the
    mean over areas. An orientation in its EXIF data is ignored, as it was when the cameras were computed.
    Raises CameraError when there is no photo, when it is damaged or when its aspect ratio is not the camera's.
    """
    if view.photo is None:
        raise CameraError(f"{view.name}: the view has no photo")
    camera = view.camera
    rgb = _composited(view.photo, np.array(background, np.float32))
    height, width = rgb.shape[:2]
    difference = abs(width * camera.height - height * camera.width)
    # Half a pixel of either side is what rounding of a small size explains.
    if difference > max(ASPECT_TOLERANCE * width * camera.height, 0.5 * max(width, height)):
        raise CameraError(
            f"{view.photo}: is {width} x {height} pixels, not the shape of the camera's "
            f"{camera.width} x {camera.height}; give the photos that the cameras were computed from"
        )
    if (width, height) != (camera.width, camera.height):
        rgb = _resized(rgb, camera.width, camera.height)
    return np.clip(rgb, 0, 1)


def size(path: Path) -> tuple[int, int]:
    """(width, height) in pixels, from the header alone. Raises CameraError when it is no picture."""
    with _opened(path) as image:
        return image.size


def is_transparent(path: Path) -> bool:
    """Whether the picture has an alpha channel or a transparent colour; reads the header alone."""
    with _opened(path) as image:
        return _has_alpha(image)


def find(folder: Path, name: str) -> Path | None:
    """The photo `name`, with its suffix or without, in a folder; None where there is none."""
    for suffix in ("", *SUFFIXES):
        path = Path(f"{folder / name}{suffix}")
        try:
            if path.is_file():
                return path
        except OSError:  # a name that no file system takes
            return None
    return None


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """A picture of which only the header was read."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            yield image
    except CameraError:
        raise
    except UnidentifiedImageError as error:
        raise CameraError(f"{path}: is no picture that can be read; convert it to .png") from error
    except Exception as error:  # damaged data leads the decoders to nearly every exception there is
        raise CameraError(f"{path}: cannot be read ({error}); fetch or export the photo again") from error


def _has_alpha(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info


def _composited(path: Path, background: Pixels) -> Pixels:
    """[H, W, 3] the pixels in [0, 1] over `background` [3]."""
    with _opened(path) as image:
        if image.mode == "F":
            raise CameraError(f"{path}: holds floating-point numbers; convert it to .png")
        if image.mode.startswith("I"):  # 16 bits of grey
            grey = np.asarray(image, np.float32) / np.float32(65535)
            return np.repeat(grey[..., None], 3, axis=2)
        pixels = np.asarray(image.convert("RGBA" if _has_alpha(image) else "RGB"), np.float32) / np.float32(255)
    rgb, alpha = pixels[..., :3], pixels[..., 3:]
    return rgb * alpha + background * (1 - alpha) if alpha.size else rgb


def _resized(rgb: Pixels, width: int, height: int) -> Pixels:
    """[height, width, 3] every pixel the mean of what it covers in `rgb` [H, W, 3]."""
    from PIL import Image

    channels = (Image.fromarray(np.ascontiguousarray(rgb[..., i])) for i in range(3))
    means = [channel.resize((width, height), Image.Resampling.BOX) for channel in channels]
    return np.stack([np.asarray(mean, np.float32) for mean in means], axis=2)
