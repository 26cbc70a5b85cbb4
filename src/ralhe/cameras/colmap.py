"""COLMAP models: cameras and images as .bin or .txt, world to camera in OpenCV's axes.

    scene/images/*          photos
    scene/sparse/0/*        the model; sparse/ and scene/ itself are taken too
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ralhe.cameras import colmap_binary, colmap_text, photos
from ralhe.cameras.camera import Camera
from ralhe.cameras.colmap_records import Image, Lens
from ralhe.cameras.frames import Frame, views_of
from ralhe.cameras.places import at
from ralhe.cameras.poses import from_camera_to_world, from_quaternion
from ralhe.cameras.views import Views, split
from ralhe.errors import CameraError

PLACES = ("sparse/0", "sparse", "0", ".")


def find(folder: Path) -> Path | None:
    """The `images` file of the model that a folder is or holds, None where there is none."""
    candidates = (folder / place / f"images{suffix}" for place in PLACES for suffix in (".bin", ".txt"))
    return next((path for path in candidates if path.is_file() and _lens_file(path).is_file()), None)


def read(path: Path) -> Views:
    """Views of the model whose `images` file this is, every eighth held out, before black.

    Raises CameraError when a file is damaged; warns about lenses with distortion, whose photos are not used.
    """
    dialect = colmap_binary if path.suffix == ".bin" else colmap_text
    lenses = dialect.read_lenses(_lens_file(path))
    folder = _photo_folder(path.parent.resolve())
    frames = []
    for image in dialect.read_images(path):
        with at(f"{path.name}: image {image.name!r}"):
            if image.lens not in lenses:
                raise CameraError(f"camera {image.lens} is not in {_lens_file(path).name}; export the model again")
            frames.append(_frame(image, lenses[image.lens], folder))
    return Views(*split(views_of(frames, path.name)))


def _lens_file(path: Path) -> Path:
    return path.with_stem("cameras")


def _frame(image: Image, lens: Lens, folder: Path | None) -> Frame:
    axes = from_quaternion(np.array(image.quaternion)).T
    viewmat = from_camera_to_world(axes, -axes @ np.array(image.translation))
    with at(f"camera {image.lens}"):
        camera = Camera.pinhole(viewmat, lens.focal, lens.centre, lens.width, lens.height)
    return Frame(image.name, camera, photos.find(folder, image.name) if folder else None, lens.distorted)


def _photo_folder(model: Path) -> Path | None:
    """images/ beside `sparse`, or in the folder of the model where there is no `sparse`."""
    scene = next((path.parent for path in (model, model.parent) if path.name == "sparse"), model)
    return scene / "images" if (scene / "images").is_dir() else None
