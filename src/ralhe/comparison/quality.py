"""What a comparison found: plain data, from one view up to all scenes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]  # [H, W, 3] sRGB

PSNR_CAP = 100.0
"""dB that a view counts at most in a mean: one identical image, at infinity, would hide all the others."""


@dataclass(frozen=True)
class ViewQuality:
    """Measures of one image against its reference, both clipped to [0, 1]."""

    view: str  # name of the view
    psnr: float  # dB; inf for identical images
    ssim: float
    ms_ssim: float | None  # None for images under 161 pixels
    flip: float  # mean of the error map, 0 is identical
    lpips: float | None = None  # None where its weights are not on this machine

    @property
    def capped_psnr(self) -> float:
        """dB to average and to plot, at most PSNR_CAP."""
        return min(self.psnr, PSNR_CAP)


@dataclass(frozen=True)
class Summary:
    """Views of one scene in one line: means, and the view that fares worst by PSNR."""

    psnr: float  # mean of the capped dB
    ssim: float
    worst_ssim: float
    ms_ssim: float | None  # over the views that have one
    flip: float
    lpips: float | None  # over the views that have one
    worst: ViewQuality

    @classmethod
    def of(cls, views: Sequence[ViewQuality]) -> Self | None:
        """None where there is no view."""
        if not views:
            return None
        return cls(
            psnr=math.fsum(view.capped_psnr for view in views) / len(views),
            ssim=math.fsum(view.ssim for view in views) / len(views),
            worst_ssim=min(view.ssim for view in views),
            ms_ssim=_mean([view.ms_ssim for view in views if view.ms_ssim is not None]),
            flip=math.fsum(view.flip for view in views) / len(views),
            lpips=_mean([view.lpips for view in views if view.lpips is not None]),
            worst=worst_first(views)[0],
        )


def worst_first(views: Sequence[ViewQuality]) -> list[ViewQuality]:
    """By rising PSNR; a view without a PSNR (NaN) is worse than any."""
    return sorted(views, key=lambda view: -math.inf if math.isnan(view.psnr) else view.psnr)


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


@dataclass(frozen=True)
class StreamLevel:
    """Bytes of one level that a .ralhe stream can be cut at."""

    level: int
    nodes: int
    geometry_bytes: int
    attribute_bytes: int
    prefix_bytes: int  # from the start of the stream to the end of this level


@dataclass(frozen=True)
class SceneQuality:
    """One scene against the reference."""

    path: Path
    bytes: int  # size of the file
    gaussians: int
    sh_degree: int
    views: tuple[ViewQuality, ...]  # against renders of the reference
    photos: tuple[ViewQuality, ...] = ()  # against photos, where the views have them
    sections: dict[str, int] = field(default_factory=dict)  # bytes by kind of section of a .ralhe stream
    levels: tuple[StreamLevel, ...] = ()  # of a .ralhe stream, coarse to fine
    images: dict[str, Image] = field(default_factory=dict, repr=False)  # renders by name of view


@dataclass(frozen=True)
class Comparison:
    """Scenes against a reference scene over the same views."""

    reference: SceneQuality  # `views` is empty; `photos` says what the reference itself reaches
    scenes: tuple[SceneQuality, ...]
    view_source: str  # where the cameras come from, in words
    background: tuple[float, float, float]
    seconds: float
    photo_images: dict[str, Image] = field(default_factory=dict, repr=False)  # photos by name of view
