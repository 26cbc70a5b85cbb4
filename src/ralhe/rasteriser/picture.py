"""One call for a picture, whatever the hardware."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from ralhe.cameras.camera import Camera
from ralhe.errors import CameraError, SceneError
from ralhe.gaussians import MAX_SH_DEGREE, Gaussians
from ralhe.rasteriser.cpu import rasterise
from ralhe.rasteriser.gpu import drawing_device, gsplat_absence, rasterise_gpu
from ralhe.rasteriser.lens import EPS2D
from ralhe.rasteriser.splats import Splats

Backend = Literal["auto", "cpu", "gsplat"]


@dataclass(frozen=True, eq=False)
class Rendered:
    """A picture."""

    colour: Tensor  # [H, W, 3] R, G, B, 0 and up: not cut at 1
    alpha: Tensor  # [H, W] opacity in [0, 1]


def render(
    gaussians: Gaussians | Splats,
    camera: Camera,
    *,
    background: Tensor | tuple[float, float, float] = (0.0, 0.0, 0.0),
    sh_degree: int | None = None,
    eps2d: float = EPS2D,
    backend: Backend = "auto",
) -> Rendered:
    """The picture that a camera takes of a scene, by the conventions of the original 3DGS rasteriser.

    Cameras are in the axes of a trained .ply, and a scene in others is turned to them.

    Differentiable with respect to the tensors of `Splats`; for several views of a scene make `Splats.of(scene)` once.
    background: R, G, B behind everything. sh_degree: highest band to use. eps2d: variance of the low-pass, square
    pixels. backend: "auto" takes gsplat for tensors on a GPU, and for a scene where torch sees a GPU and gsplat is
    installed; else the kernels for the CPU. Raises SceneError for a degree, a backend or a variance that
    cannot be had, a background that is no colour, and tensors that are not where the backend draws,
    CameraError for a camera that is none.
    """
    if not isinstance(camera, Camera):
        raise CameraError(f"camera is a {type(camera).__name__}, expected a Camera; that of a view is view.camera")
    if sh_degree is not None and not 0 <= sh_degree <= MAX_SH_DEGREE:
        raise SceneError(f"SH degree is {sh_degree}, expected 0 to {MAX_SH_DEGREE}")
    if backend not in get_args(Backend):
        raise SceneError(f"backend is {backend!r}, expected one of {', '.join(get_args(Backend))}")
    if not 0 <= eps2d < math.inf:
        raise SceneError(f"eps2d is {eps2d}, expected a variance in square pixels")
    on_gpu = backend == "gsplat"
    if backend == "auto":
        on_gpu = (drawing_device() if isinstance(gaussians, Gaussians) else gaussians.means.device.type) == "cuda"
    absence = gsplat_absence() if on_gpu else None
    if absence:
        raise SceneError(f"backend gsplat cannot be used: {absence}")
    if isinstance(gaussians, Gaussians):
        gaussians = Splats.of(gaussians, "cuda" if on_gpu else "cpu")
    device = gaussians.means.device
    if not on_gpu and device.type != "cpu":
        raise SceneError(f"the tensors are on {device}; move them to the CPU or choose another backend than {backend}")
    draw = rasterise_gpu if on_gpu else rasterise
    count = gaussians.sh.shape[1] if sh_degree is None else min(gaussians.sh.shape[1], (sh_degree + 1) ** 2)
    behind = torch.as_tensor(background, dtype=torch.float32, device=device)
    if behind.shape != (3,):
        raise SceneError(f"background has shape {tuple(behind.shape)}, expected (3,)")
    return Rendered(*draw(gaussians, camera, behind, count, eps2d))
