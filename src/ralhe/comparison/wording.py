"""How a comparison reads: numbers with their digits, file names told apart, the verdict on a scene."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from ralhe.comparison.quality import SceneQuality, Summary, ViewQuality
from ralhe.sizes import compare_sizes, format_size

NOTHING = "\N{EN DASH}"
"""Stands where there is no number."""


def decibels(psnr: float | None) -> str:
    """ "38.24", or "identical" at infinity."""
    if psnr is None or math.isnan(psnr):
        return NOTHING
    return "identical" if math.isinf(psnr) else f"{psnr:.2f}"


def mean_decibels(summary: Summary | None) -> str:
    """The mean, or "identical" where every view is."""
    if summary is None:
        return NOTHING
    return decibels(math.inf if math.isinf(summary.worst.psnr) else summary.psnr)


def worst_decibels(summary: Summary) -> str:
    """Of the view that fares worst: capped where the mean is, or it would be above it."""
    worst = summary.worst
    return decibels(worst.psnr if math.isinf(worst.psnr) else worst.capped_psnr)


def score(value: float | None) -> str:
    """Of SSIM, FLIP and their kind, four digits: "0.9876"."""
    return NOTHING if value is None or not math.isfinite(value) else f"{value:.4f}"


def ratio(reference_bytes: int, scene_bytes: int) -> str:
    """How many times smaller, to three digits: "102", "14.2", "0.98"."""
    times = reference_bytes / max(scene_bytes, 1)
    digits = 0 if times >= 99.5 else 1 if times >= 9.95 else 2
    return f"{times:,.{digits}f}"


def labels(paths: Sequence[Path]) -> list[str]:
    """File names, with as many folders before them as it takes to tell them apart."""
    for depth in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(names)) == len(set(paths)):
            break
    return names


def file_type(path: Path) -> str:
    """The ending that names the format: ".ralhe", ".spz", ".compressed.ply"."""
    ending = ".compressed.ply"
    return ending if path.name.lower().endswith(ending) else path.suffix.lower() or "no ending"


def verdict(scene: SceneQuality, reference: SceneQuality) -> str:
    """One sentence on size and quality: "250.0 kB, 14 times smaller; 38.2 dB mean, worst view 34.1 dB"."""
    parts = [f"{format_size(scene.bytes)}, {compare_sizes(reference.bytes, scene.bytes)}", _closeness(scene.views)]
    photos, original = Summary.of(scene.photos), Summary.of(reference.photos)
    if photos is not None:
        reaches = f", where the original reaches {original.psnr:.1f} dB" if original is not None else ""
        parts.append(f"{photos.psnr:.1f} dB against the photos{reaches}")
    return "; ".join(parts)


def view_line(quality: ViewQuality) -> str:
    """The measures of one view in a line below its picture."""
    psnr = decibels(quality.psnr)
    measures = [psnr if psnr == "identical" else f"PSNR {psnr} dB", f"SSIM {score(quality.ssim)}"]
    return " \N{MIDDLE DOT} ".join([*measures, f"FLIP {score(quality.flip)}"])


def _closeness(views: Sequence[ViewQuality]) -> str:
    summary = Summary.of(views)
    if summary is None or math.isnan(summary.psnr):
        return "quality not measured"
    if math.isinf(summary.worst.psnr):
        return "identical in every view"
    if len(views) == 1:
        return f"{summary.psnr:.1f} dB in its one view"
    return f"{summary.psnr:.1f} dB mean, worst view {summary.worst.capped_psnr:.1f} dB"
