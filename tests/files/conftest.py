"""Small scenes for the tests of files."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ralhe.gaussians import Coordinates, Gaussians

FIELDS = ("positions", "log_scales", "rotations", "opacity_logits", "sh")


def random_scene(
    n: int = 20,
    degree: int = 1,
    antialiased: bool = False,
    coordinates: Coordinates = "unspecified",
    seed: int = 7,
) -> Gaussians:
    """`n` Gaussians with values that every format can hold."""
    rng = np.random.default_rng(seed)
    sh = rng.uniform(-0.9, 0.9, (n, (degree + 1) ** 2, 3))
    return Gaussians(
        positions=rng.uniform(-3, 3, (n, 3)).astype(np.float32),
        log_scales=rng.uniform(-9, 2, (n, 3)).astype(np.float32),
        rotations=rng.normal(size=(n, 4)).astype(np.float32),
        opacity_logits=rng.normal(scale=2, size=n).astype(np.float32),
        sh=sh.astype(np.float32),
        antialiased=antialiased,
        coordinates=coordinates,
    )


@pytest.fixture(scope="session")
def make_scene() -> Callable[..., Gaussians]:
    """`random_scene`, reachable from every test module."""
    return random_scene


@pytest.fixture
def assert_same() -> Callable[[Gaussians, Gaussians], None]:
    """Compares two scenes bit by bit, NaN included."""

    def compare(left: Gaussians, right: Gaussians) -> None:
        for field in FIELDS:
            a, b = getattr(left, field), getattr(right, field)
            assert a.shape == b.shape, field
            assert a.tobytes() == b.tobytes(), field
        assert left.antialiased == right.antialiased
        assert left.coordinates == right.coordinates

    return compare
