"""Small comparisons."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ralhe.comparison.quality import Comparison, Image, SceneQuality, StreamLevel, ViewQuality

RED, BLUE = (220, 30, 30), (30, 30, 220)


def flat(colour: tuple[int, int, int], width: int = 96, height: int = 72) -> Image:
    """A picture of one colour."""
    return np.full((height, width, 3), colour, np.uint8)


def quality(view: str, psnr: float, **changes: Any) -> ViewQuality:
    """Measures of a view, made up around its PSNR."""
    measures = {"ssim": 0.9, "ms_ssim": 0.95, "flip": 0.05} | changes
    return ViewQuality(view, psnr, **measures)


def comparison(
    psnrs: dict[str, dict[str, float]],
    *,
    sizes: dict[str, int] | None = None,
    reference: str = "scene.ply",
    shape: tuple[int, int] = (96, 72),
    photos: bool = False,
) -> Comparison:
    """Scenes by path with PSNR by view: originals are red, decoded pictures blue, photos green."""
    views = list(next(iter(psnrs.values())))
    against = tuple(quality(view, 36.0) for view in views) if photos else ()
    scenes = [
        SceneQuality(
            Path(path),
            (sizes or {}).get(path, 250_000),
            1000,
            2,
            tuple(quality(view, psnr) for view, psnr in by_view.items()),
            photos=tuple(quality(view, 31.5) for view in views) if photos else (),
            images={view: flat(BLUE, *shape) for view in views},
        )
        for path, by_view in psnrs.items()
    ]
    originals = {view: flat(RED, *shape) for view in views}
    return Comparison(
        SceneQuality(Path(reference), 3_500_000, 14_000, 3, (), against, images=originals),
        tuple(scenes),
        "cameras of the test",
        (0.0, 0.5, 1.0),
        1.25,
        {view: flat((30, 200, 30), *shape) for view in views} if photos else {},
    )


@pytest.fixture(scope="session")
def make_comparison() -> Callable[..., Comparison]:
    """`comparison`, reachable from every test module."""
    return comparison


@pytest.fixture
def two_streams() -> Comparison:
    """Two .ralhe files and an .spz over three views; the worst view of the first is "mid"."""
    made = comparison(
        {
            "out/small.ralhe": {"near": 36.0, "mid": 30.0, "far": 33.0},
            "out/large.ralhe": {"near": 41.0, "mid": 38.0, "far": math.inf},
            "out/scene.spz": {"near": 50.0, "mid": 51.0, "far": 49.0},
        },
        sizes={"out/small.ralhe": 250_000, "out/large.ralhe": 500_000, "out/scene.spz": 1_750_000},
        photos=True,
    )
    small = made.scenes[0]
    small.sections.update(parameters=10_000, geometry=90_000, attributes=149_000, container=1_000)
    levels = (StreamLevel(4, 64, 30_000, 40_000, 81_000), StreamLevel(5, 512, 60_000, 109_000, 250_000))
    object.__setattr__(small, "levels", levels)
    return made
