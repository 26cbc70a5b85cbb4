"""Small renders that say what a camera would see, before any picture is made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
import torch

from ralhe.cameras.camera import Camera
from ralhe.gaussians import SH_C0
from ralhe.rasteriser import Splats, render
from ralhe.viewpoints.matter import Matter
from ralhe.viewpoints.robust import Floats

NEAR = 0.02
"""Near plane of views, units."""

FINE, COARSE = 0.004, 0.08  # sizes over the longer side of the picture: a few pixels, and a blur
MARGIN = 0.02  # of the depth seen: how far behind it a Gaussian may lie and still be in front
OFFSET = 40.0  # added to logarithms while they are drawn, because colours are cut at 0


@dataclass(frozen=True, eq=False)
class Look:
    """What a camera sees. All but alpha are means over the matter in a pixel, and mean nothing where there is none."""

    camera: Camera  # in units
    alpha: Floats  # [H, W] opacity in [0, 1]
    depths: Floats  # [H, W] along the line of sight, units
    log_sizes: Floats  # [H, W] natural log of the sizes of Gaussians, units
    luminances: Floats  # [H, W] 0 and up

    @property
    def coverage(self) -> float:
        """Mean opacity."""
        return float(self.alpha.mean())

    @property
    def sharpness(self) -> Floats:
        """[H, W] 1 where the picture is full of Gaussians that are fine in it, 0 where they are coarse or missing."""
        focal = self.camera.K[0, 0] / max(self.camera.width, self.camera.height)
        log_widths = np.log(focal) + self.log_sizes - np.log(np.maximum(self.depths, self.camera.near))
        scores = (np.log(COARSE) - log_widths) / (np.log(COARSE) - np.log(FINE))
        return np.asarray(self.alpha * np.clip(scores, 0, 1))

    def mean(self, values: Floats) -> float:
        """Mean of values [H, W] over the matter."""
        return float((self.alpha * values).sum() / max(self.alpha.sum(), 1e-6))

    def shows(self, matter: Matter) -> npt.NDArray[np.bool_]:
        """[S] whether Gaussians of a sample of matter are in the picture and in front."""
        camera = self.camera
        points, sizes = matter.sampled(matter.drawn.positions), matter.sampled(matter.sizes)
        x, y, depths = (points @ camera.viewmat[:3, :3].T + camera.viewmat[:3, 3]).T
        ahead = np.maximum(depths, camera.near)
        columns = np.floor(camera.K[0, 0] * x / ahead + camera.K[0, 2])
        rows = np.floor(camera.K[1, 1] * y / ahead + camera.K[1, 2])
        within = (columns >= 0) & (columns < camera.width) & (rows >= 0) & (rows < camera.height)
        within &= depths > camera.near
        front = self.depths[rows[within].astype(int), columns[within].astype(int)]
        within[within] = depths[within] <= (1 + MARGIN) * front + 2 * sizes[within]
        return np.asarray(within)


@dataclass(frozen=True, eq=False)
class Probe:
    """Draws matter."""

    splats: Splats
    log_sizes: Floats  # [M] natural log, units
    luminances: Floats  # [M] 0 and up

    @classmethod
    def of(cls, matter: Matter) -> Self:
        """The probe of matter."""
        return cls(Splats.in_own_axes(matter.drawn), np.log(np.maximum(matter.sizes, 1e-12)), matter.luminances)

    def look(self, camera: Camera) -> Look:
        """What a camera sees whose numbers are in units: depths, sizes and luminances are drawn as colours."""
        depths = self.splats.means.numpy() @ camera.viewmat[2, :3].astype(np.float32) + np.float32(camera.viewmat[2, 3])
        colours = np.stack([depths, self.log_sizes + OFFSET, self.luminances], axis=1)
        sh = torch.from_numpy(((colours - 0.5) / SH_C0).astype(np.float32)[:, None])
        rendered = render(replace(self.splats, sh=sh), camera)
        alpha = rendered.alpha.numpy().astype(np.float64)
        means = rendered.colour.numpy() / np.maximum(alpha, 1e-6)[..., None]
        return Look(camera, alpha, means[..., 0], means[..., 1] - OFFSET, means[..., 2])
