"""Streams that several tests read, and a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.scenes import surface_codes, uniform_codes
from tests.streams import Made, make_stream

CHROMIUM = ("/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome")
QUIET = ("no-sandbox", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update",
         "disable-sync")  # fmt: skip
SOFTWARE_GL = ("use-gl=angle", "use-angle=swiftshader", "enable-unsafe-swiftshader", "ignore-gpu-blocklist")

os.environ.setdefault("OMP_NUM_THREADS", "1")  # torch's threads only wait for each other on networks so small


@pytest.fixture(scope="session")
def small_stream() -> Made:
    """About three hundred leaves of degree 1 over six levels, with every optional part; under 4 kB."""
    codes = surface_codes(320, 6, seed=1)
    return make_stream(codes, 6, 1, seed=1, hidden=(4, 4, 4), has_basis=True, contraction=(1.0, 2.0, 3.0, 0.5),
                       origin=(-2.0, -2.0, -2.0), voxel=4.0 / 64, lmbda=0.5)  # fmt: skip


@pytest.fixture(scope="session")
def plain_stream() -> Made:
    """About eight hundred leaves of degree 0 over ten levels, in voxels of edge 1 from the origin."""
    return make_stream(uniform_codes(800, 10, seed=2), 10, 0, seed=2, hidden=(8, 0, 0))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium, one for all tests; those that need it are skipped where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="no browser tests: playwright is not installed")
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.skip(f"no browser tests: none of {', '.join(CHROMIUM)} is installed")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=found, args=[f"--{flag}" for flag in (*QUIET, *SOFTWARE_GL)]
        )
        yield launched
        launched.close()
