"""A comparison as plain data for programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ralhe.comparison.quality import Comparison, SceneQuality, Summary, ViewQuality


def record(found: Comparison) -> dict[str, Any]:
    """What JSON can hold: files, means, and each view; no NaN, and PSNR capped as in the means."""
    return {
        "views": found.view_source,
        "background": list(found.background),
        "reference": _scene(found.reference),
        "scenes": [_scene(scene) for scene in found.scenes],
    }


def _scene(scene: SceneQuality) -> dict[str, Any]:
    known = {"path": str(scene.path), "bytes": scene.bytes, "gaussians": scene.gaussians, "sh_degree": scene.sh_degree}
    measured = {"renders": _measures(scene.views), "photos": _measures(scene.photos)}
    return known | {against: measures for against, measures in measured.items() if measures}


def _measures(views: Sequence[ViewQuality]) -> dict[str, Any]:
    summary = Summary.of(views)
    if summary is None:
        return {}
    means = {"psnr": summary.psnr, "worst_psnr": summary.worst.capped_psnr, "ssim": summary.ssim,
             "worst_ssim": summary.worst_ssim, "ms_ssim": summary.ms_ssim, "flip": summary.flip,
             "lpips": summary.lpips}  # fmt: skip
    each = [
        {"view": view.view}
        | _finite({"psnr": view.capped_psnr, "ssim": view.ssim, "ms_ssim": view.ms_ssim, "flip": view.flip,
                   "lpips": view.lpips})
        for view in views
    ]  # fmt: skip
    return {**_finite(means), "each": each}


def _finite(measures: dict[str, float | None]) -> dict[str, Any]:
    """None for what is no number."""
    return {name: None if value is None or math.isnan(value) else value for name, value in measures.items()}
