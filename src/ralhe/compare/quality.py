"""What a comparison found: plain data, from one view up to all scenes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]  # [H, W, 3] sRGB


@dataclass(frozen=True)
class ViewQuality:
    """Measures of one image against its reference, both clipped to [0, 1]."""

    view: str  # name of the view
    psnr: float  # dB; inf for identical images
    ssim: float
    ms_ssim: float | None  # None for images under 161 pixels
    flip: float  # mean of the error map, 0 is identical
    lpips: float | None = None  # None where its weights are not on this machine


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
