"""The one scene type: a set of 3D Gaussians as arrays, with shapes and units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Self, get_args

import numpy as np
import numpy.typing as npt

from ralhe.errors import SceneError

Array = npt.NDArray[np.float32]

Coordinates = Literal["unspecified", "LDB", "RDB", "LUB", "RUB", "LDF", "RDF", "LUF", "RUF"]
"""Where x, y and z point: Left or Right, Down or Up, Back or Forward. Trained .ply files use RDF."""

COORDINATES: tuple[Coordinates, ...] = get_args(Coordinates)

MAX_SH_DEGREE = 3
SH_C0 = 0.28209479177387814
"""Value of the constant spherical harmonic: base colour = 0.5 + SH_C0 * sh[:, 0]."""

MIN_OPACITY = 1 / 255
"""The threshold of the original rasteriser (Kerbl et al. 2023): fainter splats touch no pixel."""

FAR = 1e18
"""Scene units: nothing further from a camera is drawn, and nothing further from the origin is part of a stream."""


@dataclass(frozen=True, eq=False)
class Gaussians:
    """N Gaussians of a trained 3DGS scene, before activation, as training files store them.

    Raises SceneError when the shapes do not fit together. Values are not judged here:
    `ralhe.prepare` decides what to do with the ones nobody can see.
    """

    positions: Array  # [N, 3] scene units
    log_scales: Array  # [N, 3] natural log of the standard deviations in scene units
    rotations: Array  # [N, 4] quaternions w, x, y, z of any norm
    opacity_logits: Array  # [N] opacity before the sigmoid; +-inf is legal
    sh: Array  # [N, (degree + 1)**2, 3] spherical-harmonic coefficients of R, G, B; sh[:, 0] is constant
    antialiased: bool = False  # trained with the compensated low-pass filter of Mip-Splatting
    coordinates: Coordinates = "unspecified"

    def __post_init__(self) -> None:
        for name in ("positions", "log_scales", "rotations", "opacity_logits", "sh"):
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), np.float32))
        n = len(self.positions)
        shapes = {"positions": (n, 3), "log_scales": (n, 3), "rotations": (n, 4), "opacity_logits": (n,)}
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise SceneError(f"{name} has shape {getattr(self, name).shape}, expected {shape}")
        if self.sh.ndim != 3 or self.sh.shape[0] != n or self.sh.shape[2] != 3:
            raise SceneError(f"sh has shape {self.sh.shape}, expected ({n}, (degree + 1)**2, 3)")
        if self.sh.shape[1] not in (1, 4, 9, 16):
            raise SceneError(f"sh has {self.sh.shape[1]} coefficients, expected 1, 4, 9 or 16 (degree 0 to 3)")
        if self.coordinates not in COORDINATES:
            raise SceneError(f"coordinates is {self.coordinates!r}, expected one of {', '.join(COORDINATES)}")

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def sh_degree(self) -> int:
        """Degree of the spherical harmonics, 0 to 3."""
        return int(self.sh.shape[1] ** 0.5) - 1

    @property
    def opacities(self) -> Array:
        """[N] opacity in [0, 1]."""
        x = self.opacity_logits.astype(np.float64)
        with np.errstate(over="ignore"):
            return (1.0 / (1.0 + np.exp(-x))).astype(np.float32)

    @property
    def finite(self) -> npt.NDArray[np.bool_]:
        """[N] whether a Gaussian's numbers are; logits may be infinite, and log scales minus that, of flat ones."""
        whole = ~np.isnan(self.opacity_logits) & (self.log_scales < np.inf).all(axis=1)  # False for NaN
        for array in (self.positions, self.rotations, self.sh):
            whole &= np.isfinite(array).all(axis=tuple(range(1, array.ndim)))
        return whole

    @property
    def bounding_box(self) -> tuple[Array, Array]:
        """Lowest and highest corner of the positions, [3] each; zeros for an empty scene."""
        if len(self) == 0:
            return np.zeros(3, np.float32), np.zeros(3, np.float32)
        return self.positions.min(axis=0), self.positions.max(axis=0)

    def take(self, index: npt.NDArray[np.integer | np.bool_]) -> Self:
        """The Gaussians that `index` (integers or a mask) picks, in its order."""
        return replace(
            self,
            positions=self.positions[index],
            log_scales=self.log_scales[index],
            rotations=self.rotations[index],
            opacity_logits=self.opacity_logits[index],
            sh=self.sh[index],
        )

    def with_sh_degree(self, degree: int) -> Self:
        """The same Gaussians with bands above `degree` cut off; a lower degree stays as it is.

        Raises SceneError for a degree that is not 0 to 3.
        """
        if not 0 <= degree <= MAX_SH_DEGREE:
            raise SceneError(f"SH degree is {degree}, expected 0 to {MAX_SH_DEGREE}")
        return replace(self, sh=self.sh[:, : (degree + 1) ** 2])
