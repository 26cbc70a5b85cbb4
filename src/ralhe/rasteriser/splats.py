"""Gaussians as the rasteriser takes them: activated, as tensors."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ralhe.coordinates import in_ply_axes
from ralhe.errors import SceneError
from ralhe.gaussians import Gaussians
from ralhe.rasteriser.covariance import covariances


@dataclass(frozen=True, eq=False)
class Splats:
    """N activated Gaussians; gradients flow to whichever tensors ask for them.

    Raises SceneError when the shapes do not fit together.
    """

    means: Tensor  # [N, 3] scene units
    covariances: Tensor  # [N, 6] xx xy xz yy yz zz, squared scene units
    opacities: Tensor  # [N] in [0, 1]
    sh: Tensor  # [N, (degree + 1)**2, 3] spherical harmonics of R, G, B
    antialiased: bool = False  # trained with the compensated low-pass of Mip-Splatting

    def __post_init__(self) -> None:
        n = len(self.means)
        shapes = {"means": (n, 3), "covariances": (n, 6), "opacities": (n,)}
        for name, shape in shapes.items():
            if tuple(getattr(self, name).shape) != shape:
                raise SceneError(f"{name} has shape {tuple(getattr(self, name).shape)}, expected {shape}")
        if self.sh.ndim != 3 or self.sh.shape[0] != n or self.sh.shape[1] not in (1, 4, 9, 16) or self.sh.shape[2] != 3:
            raise SceneError(f"sh has shape {tuple(self.sh.shape)}, expected ({n}, 1, 4, 9 or 16, 3)")

    def __len__(self) -> int:
        return len(self.means)

    def to(self, device: torch.device | str) -> Splats:
        """The same on a device; gradients flow back to where the tensors came from."""
        here = (self.means, self.covariances, self.opacities, self.sh)
        means, shapes, opacities, sh = (tensor.to(device) for tensor in here)
        return Splats(means, shapes, opacities, sh, self.antialiased)

    @classmethod
    def of(cls, gaussians: Gaussians, device: torch.device | str = "cpu") -> Splats:
        """The splats of a scene, turned to the axes of cameras, which are those of a trained .ply: exp of the scales,
        norm 1 for the rotations, sigmoid of the opacities."""
        return cls.in_own_axes(in_ply_axes(gaussians), device)

    @classmethod
    def in_own_axes(cls, gaussians: Gaussians, device: torch.device | str = "cpu") -> Splats:
        """The same for cameras that stand in the axes of the scene, whatever those are."""

        def tensor(name: str) -> Tensor:
            return torch.from_numpy(getattr(gaussians, name))

        return cls(
            tensor("positions"),
            covariances(tensor("log_scales").exp(), tensor("rotations")),
            tensor("opacities"),
            tensor("sh"),
            gaussians.antialiased,
        ).to(device)
