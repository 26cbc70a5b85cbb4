"""The same picture on a GPU, by gsplat."""

from __future__ import annotations

import importlib.util
import math

import torch
from torch import Tensor

from ralhe.cameras.camera import Camera
from ralhe.gaussians import FAR
from ralhe.rasteriser.splats import Splats


def gsplat_absence() -> str | None:
    """What keeps gsplat from being used on this machine, in words; None where it can be."""
    if not torch.cuda.is_available():
        return "torch sees no GPU"
    if importlib.util.find_spec("gsplat") is None:
        return "gsplat is not installed; pip install gsplat"
    return None


def drawing_device() -> str:
    """Where pictures are drawn fastest on this machine: cuda with a GPU and gsplat, else cpu."""
    return "cuda" if gsplat_absence() is None else "cpu"


def rasterise_gpu(splats: Splats, camera: Camera, background: Tensor, count: int,
                  eps2d: float) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Colour [H, W, 3] and opacity [H, W], from tensors on the GPU; arguments as for `rasterise`.

    gsplat before 1.6 cuts alpha at 0.999 instead of 0.99, which shows on opaque splats.
    """
    from gsplat import rasterization

    device = splats.means.device
    xx, xy, xz, yy, yz, zz = splats.covariances.unbind(-1)
    colour, alpha, _ = rasterization(
        means=splats.means,  # [N, 3]
        quats=None,
        scales=None,
        covars=torch.stack([xx, xy, xz, xy, yy, yz, xz, yz, zz], -1).reshape(-1, 3, 3),
        opacities=splats.opacities,  # [N]
        colors=splats.sh[:, :count],  # [N, count, 3]
        sh_degree=math.isqrt(count) - 1,
        viewmats=torch.from_numpy(camera.viewmat.copy()).float().to(device)[None],
        Ks=torch.from_numpy(camera.K.copy()).float().to(device)[None],
        width=camera.width,
        height=camera.height,
        near_plane=camera.near,
        far_plane=FAR,
        eps2d=eps2d,
        backgrounds=background[None],
        rasterize_mode="antialiased" if splats.antialiased else "classic",
        packed=False,
    )
    return colour[0], alpha[0, ..., 0]
