"""Small comparisons, and a real browser to read their reports in."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ralhe.comparison.quality import Comparison, Image, SceneQuality, StreamLevel, ViewQuality

CHROMIUM = ("/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome")
QUIET = ("no-sandbox", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update",
         "disable-sync")  # fmt: skip

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


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium; tests that need it are skipped where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="no browser tests: playwright is not installed")
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.skip(f"no browser tests: none of {', '.join(CHROMIUM)} is installed")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=[f"--{flag}" for flag in QUIET])
        yield launched
        launched.close()
