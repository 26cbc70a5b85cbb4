"""How well a decoded scene shows, over the test views of its source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

import ralhe
from benchmarks.scenes import Scene
from ralhe import metrics
from ralhe.cameras import photos
from ralhe.cameras.views import View
from ralhe.comparison.quality import PSNR_CAP
from ralhe.fit.pictures import spread
from ralhe.rasteriser import Splats

SLOW_VIEWS = 12
"""MS-SSIM and FLIP are measured over so many test views at most, evenly spread: FLIP takes half a second each."""

Picture = np.typing.NDArray[np.float32]


def measure(scene: Scene, decoded: Path) -> dict[str, str]:
    """Columns of a row: means over views, PSNR of a view counting at most 100 dB; the background is the views' own."""
    result = ralhe.read(decoded)
    source, coded = Splats.of(scene.gaussians), Splats.of(result)
    views, background = scene.views.test, scene.views.background
    slow = {view.name for view in spread(views, SLOW_VIEWS)}
    found: dict[str, list[float]] = {}

    def note(**measures: float | None) -> None:
        for name, value in measures.items():
            if value is not None:
                found.setdefault(name, []).append(value)

    for view in views:
        wanted, got = (_draw(splats, view, background) for splats in (source, coded))
        note(psnr=min(metrics.psnr(wanted, got), PSNR_CAP), ssim=metrics.ssim(wanted, got))
        if view.photo is not None:
            photo = photos.load(view, background)
            note(photo_psnr=metrics.psnr(photo, got), photo_ssim=metrics.ssim(photo, got))
        if view.name in slow:
            note(ms_ssim_12=metrics.ms_ssim(wanted, got), flip_12=metrics.flip(wanted, got))
    columns = {name: f"{np.mean(values):.{2 if 'psnr' in name else 4}f}" for name, values in found.items()}
    columns["worst_psnr"] = f"{min(found['psnr']):.2f}"
    return columns | {"gaussians": str(len(result)), "sh_degree": str(result.sh_degree)}


def _draw(splats: Splats, view: View, background: tuple[float, float, float]) -> Picture:
    with torch.no_grad():
        colour = ralhe.render(splats, view.camera, background=background).colour
    return colour.nan_to_num().clamp(0, 1).numpy()
