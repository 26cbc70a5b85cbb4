"""One pinhole camera."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from ralhe.arguments import whole
from ralhe.errors import CameraError

Matrix = npt.NDArray[np.float64]

NEAR = 0.2
"""Near plane of the original rasteriser, scene units."""

MAX_PIXELS = 1 << 28


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera in OpenCV's convention: x right, y down, z forward, pixel centres at + 0.5.

    Raises CameraError where the numbers make no camera.
    """

    viewmat: Matrix  # [4, 4] world to camera, a rotation and a translation in scene units
    K: Matrix  # [3, 3] pixels: fx 0 cx, 0 fy cy, 0 0 1
    width: int  # pixels
    height: int  # pixels
    near: float = NEAR  # Gaussians whose centres lie nearer are not drawn, scene units

    def __post_init__(self) -> None:
        for name, shape in (("viewmat", (4, 4)), ("K", (3, 3))):
            try:
                matrix = np.array(getattr(self, name), np.float64)
            except (TypeError, ValueError) as error:
                raise CameraError(f"{name} is not a matrix of numbers") from error
            if matrix.shape != shape or not np.isfinite(matrix).all():
                raise CameraError(f"{name} is {matrix.tolist()}, expected {shape[0]} x {shape[1]} finite numbers")
            matrix.setflags(write=False)
            object.__setattr__(self, name, matrix)
        for side in ("width", "height"):
            object.__setattr__(self, side, whole(side, getattr(self, side), CameraError))
        if not (self.width >= 1 and self.height >= 1 and self.width * self.height <= MAX_PIXELS):
            raise CameraError(f"size is {self.width} x {self.height} pixels, expected 1 to {MAX_PIXELS} in all")
        if not (self.K[0, 0] > 0 and self.K[1, 1] > 0):
            raise CameraError(f"focal lengths are {self.K[0, 0]} and {self.K[1, 1]} pixels, expected more than 0")
        if not _near([self.K[0, 1], self.K[1, 0], *self.K[2]], [0, 0, 0, 0, 1]):
            raise CameraError(f"K is {self.K.tolist()}, expected fx 0 cx, 0 fy cy, 0 0 1")
        if not _near(self.viewmat[3], [0, 0, 0, 1]):
            raise CameraError(f"last row of viewmat is {self.viewmat[3].tolist()}, expected 0 0 0 1")
        rotation = self.viewmat[:3, :3]
        if not (np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3) and np.linalg.det(rotation) > 0):
            raise CameraError(f"viewmat holds {rotation.tolist()}, expected a rotation")
        if not self.near > 0:
            raise CameraError(f"near plane is {self.near}, expected more than 0")

    @classmethod
    def pinhole(
        cls,
        viewmat: Matrix,  # [4, 4] world to camera
        focal: tuple[float, float],  # x, y in pixels
        centre: tuple[float, float] | None,  # x, y in pixels from the upper left corner; None for the middle
        width: int,
        height: int,
        near: float = NEAR,
    ) -> Self:
        """The camera of a pose and a lens without distortion."""
        cx, cy = centre or (0.5 * width, 0.5 * height)
        return cls(viewmat, np.array([[focal[0], 0, cx], [0, focal[1], cy], [0, 0, 1]]), width, height, near)

    @classmethod
    def looking_at(
        cls, eye: Matrix, target: Matrix, up: Matrix, *, fov: float, width: int, height: int, near: float = NEAR
    ) -> Self:
        """The camera at `eye` [3] that sees `target` [3] in its centre, `up` [3] upwards.

        fov: horizontal field of view, radians. An `up` along the line of sight is replaced by another axis.
        """
        if not 0 < fov < np.pi:
            raise CameraError(f"field of view is {fov}, expected one in radians, more than 0 and less than pi")
        forward = np.asarray(target, np.float64) - eye
        length = np.linalg.norm(forward)
        if not length > 0:
            raise CameraError(f"eye and target are the same point, {np.asarray(eye).tolist()}")
        forward = forward / length
        right = np.cross(forward, up)
        if np.linalg.norm(right) < 1e-6 * np.linalg.norm(up):
            right = np.cross(forward, np.eye(3)[np.argmin(np.abs(forward))])
        right /= np.linalg.norm(right)
        viewmat = np.eye(4)
        viewmat[:3, :3] = right, np.cross(forward, right), forward
        viewmat[:3, 3] = -viewmat[:3, :3] @ eye
        focal = float(0.5 * width / np.tan(0.5 * fov))
        return cls.pinhole(viewmat, (focal, focal), None, width, height, near)

    @property
    def centre(self) -> Matrix:
        """[3] where the camera stands, scene units."""
        return np.asarray(-self.viewmat[:3, :3].T @ self.viewmat[:3, 3])

    def resized(self, width: int, height: int) -> Self:
        """The same view in `width` x `height` pixels; another aspect ratio stretches it."""
        scale = np.array([width / self.width, height / self.height, 1.0])
        return replace(self, K=self.K * scale[:, None], width=width, height=height)

    def within(self, width: int, height: int) -> Self:
        """The same view and aspect ratio, shrunk to fit `width` x `height` pixels where it is larger."""
        scale = min(1.0, width / self.width, height / self.height)
        if scale == 1:
            return self
        return self.resized(max(1, round(self.width * scale)), max(1, round(self.height * scale)))


def _near(numbers: npt.ArrayLike, expected: npt.ArrayLike) -> bool:
    """Whether numbers are the expected ones, but for rounding."""
    return np.allclose(numbers, expected, rtol=0, atol=1e-6)
