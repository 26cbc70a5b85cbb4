"""What COLMAP's text and binary files say: lenses and images. After colmap/sensor/models.h and doc/format.rst."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from ralhe.errors import CameraError


@dataclass(frozen=True)
class LensModel:
    """A formula of projection. Its parameters: focal lengths, centre x and y in pixels, distortion."""

    name: str
    focals: int  # 1 for square pixels, 2 for fx and fy; 0 for a formula without
    distortions: int  # number of distortion parameters; all 0 leaves a pinhole
    fisheye: bool = False  # no pinhole whatever the parameters are

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        return self.focals + 2 + self.distortions if self.focals else 2


MODELS = (
    LensModel("SIMPLE_PINHOLE", 1, 0),
    LensModel("PINHOLE", 2, 0),
    LensModel("SIMPLE_RADIAL", 1, 1),
    LensModel("RADIAL", 1, 2),
    LensModel("OPENCV", 2, 4),
    LensModel("OPENCV_FISHEYE", 2, 4, fisheye=True),
    LensModel("FULL_OPENCV", 2, 8),
    LensModel("FOV", 2, 1),
    LensModel("SIMPLE_RADIAL_FISHEYE", 1, 1, fisheye=True),
    LensModel("RADIAL_FISHEYE", 1, 2, fisheye=True),
    LensModel("THIN_PRISM_FISHEYE", 2, 8, fisheye=True),
    LensModel("RAD_TAN_THIN_PRISM_FISHEYE", 2, 12, fisheye=True),
    LensModel("SIMPLE_DIVISION", 1, 1),
    LensModel("DIVISION", 2, 1),
    LensModel("SIMPLE_FISHEYE", 1, 0, fisheye=True),
    LensModel("FISHEYE", 2, 0, fisheye=True),
    LensModel("EUCM", 2, 2),
    LensModel("EQUIRECTANGULAR", 0, 0),
)
"""By the number that binary files store."""


@dataclass(frozen=True)
class Lens:
    """The pinhole part of a lens."""

    focal: tuple[float, float]  # x, y in pixels
    centre: tuple[float, float]  # x, y in pixels from the upper left corner
    width: int  # pixels
    height: int  # pixels
    distorted: bool

    @classmethod
    def of(cls, model: LensModel, width: int, height: int, parameters: Sequence[float]) -> Lens:
        """The lens of a model. Raises CameraError when the parameters are not those of a perspective camera."""
        if not model.focals:
            raise CameraError(f"model {model.name} is no pinhole; cut the pictures into perspective views first")
        if len(parameters) != model.parameters:
            raise CameraError(f"has {len(parameters)} parameters, expected {model.parameters} of {model.name}")
        if not all(map(isfinite, parameters)):
            raise CameraError(f"parameters are {list(parameters)}, expected finite numbers")
        *focals, cx, cy = parameters[: model.focals + 2]
        distorted = model.fisheye or any(parameters[model.focals + 2 :])
        return cls((focals[0], focals[-1]), (cx, cy), width, height, distorted)


@dataclass(frozen=True)
class Image:
    """A registered picture."""

    name: str  # path of the photo in the folder of the photos
    lens: int  # number of its lens
    quaternion: tuple[float, ...]  # [4] w, x, y, z, world to camera
    translation: tuple[float, ...]  # [3] world to camera, scene units
