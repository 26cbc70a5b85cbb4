"""The search for the lambda whose stream is just below a size."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ralhe.fit.rate_control import LAMBDA_RANGE, TOLERANCE, search_lambda


class Scene:
    """A size that falls with lambda, and a count of how often it was asked for."""

    def __init__(self, scale: float, slope: float, floor: int = 0, noise: float = 0.0) -> None:
        self.scale, self.slope, self.floor, self.noise = scale, slope, floor, noise
        self.walks = 0

    def size_at(self, lmbda: float) -> int:
        self.walks += 1
        wobble = 1 + self.noise * math.sin(1000 * math.log(lmbda))
        return int(self.floor + self.scale * lmbda**-self.slope * wobble)


@pytest.mark.parametrize("slope", [0.1, 0.35, 0.8])
@pytest.mark.parametrize("target", [5_000, 60_000, 1_000_000])
@pytest.mark.parametrize("start", [1e-4, 0.02, 10.0])
def test_meets_the_size(slope: float, target: int, start: float) -> None:
    scene = Scene(target * 0.05**slope, slope)
    lmbda, size, _ = search_lambda(scene.size_at, target, start, 12)
    assert target * (1 - TOLERANCE) <= size <= target
    assert size == scene.size_at(lmbda)
    assert scene.walks <= 13


@pytest.mark.parametrize("noise", [0.005, 0.02])
def test_never_answers_more_than_the_size_where_less_was_seen(noise: float) -> None:
    for target in range(20_000, 40_000, 777):
        scene = Scene(10_000, 0.35, noise=noise)
        _, size, _ = search_lambda(scene.size_at, target, 0.02, 12)
        assert size <= target


def test_a_start_that_is_right_is_asked_for_as_it_is() -> None:
    start, asked = 0.0033, list[float]()

    def size_at(lmbda: float) -> int:
        asked.append(lmbda)
        return 12_900 if lmbda == start else 1

    assert search_lambda(size_at, 13_000, start, 12)[:2] == (start, 12_900)
    assert asked == [start]


def test_a_slope_that_is_known_saves_a_walk() -> None:
    usual, told = Scene(10_000, 0.1), Scene(10_000, 0.1)
    search_lambda(usual.size_at, 15_000, 0.02, 12, 0.006)
    search_lambda(told.size_at, 15_000, 0.02, 12, 0.006, slope=-0.1)
    assert told.walks == 2 < usual.walks


def test_the_slope_of_a_curve_is_told() -> None:
    assert search_lambda(Scene(10_000, 0.2).size_at, 15_000, 0.02, 12).slope == pytest.approx(-0.2, abs=0.01)


def test_points_on_one_side_do_not_lead_out_of_the_bracket() -> None:
    """A curve that is flat just above the size, as that of a real scene was."""
    lambdas, sizes = np.log([0.0043, 0.00445, 0.00471, 0.00546]), np.log([1_005_522, 1_002_676, 982_910, 946_472])

    def size_at(lmbda: float) -> int:
        return int(np.exp(np.interp(math.log(lmbda), lambdas, sizes)))

    assert 994_000 <= search_lambda(size_at, 1_000_000, 0.00546, 12, 0.006).size <= 1_000_000


@pytest.mark.parametrize("target", [1_000, 10**9])
def test_a_span_is_not_left_and_its_end_ends_the_search(target: int) -> None:
    scene = Scene(100_000, 0.35)
    lmbda, size, _ = search_lambda(scene.size_at, target, 0.02, 12, span=8)
    assert lmbda == pytest.approx(0.02 * 8 if target < 10_000 else 0.02 / 8)
    assert scene.walks == 2
    assert size == scene.size_at(lmbda)


def test_what_cannot_come_nearer_is_not_asked_for_again() -> None:
    asked = list[float]()

    def size_at(lmbda: float) -> int:
        asked.append(math.log(lmbda))
        return 9_000 if lmbda > 0.02 else 11_000

    assert search_lambda(size_at, 10_000, 0.1, 100)[1] == 9_000
    nearest = min(abs(a - b) for i, a in enumerate(asked) for b in asked[:i])
    assert nearest > 0.004
    assert len(asked) < 20


def test_best_quality_where_all_fit() -> None:
    scene = Scene(100, 0.35)
    lmbda, size, _ = search_lambda(scene.size_at, 10**9, 0.02, 12)
    assert lmbda == pytest.approx(LAMBDA_RANGE[0], rel=1e-3)
    assert size == scene.size_at(lmbda)


def test_smallest_where_none_fits() -> None:
    scene = Scene(10_000, 0.35, floor=8_000)
    lmbda, size, _ = search_lambda(scene.size_at, 1_000, 0.02, 12)
    assert lmbda == pytest.approx(LAMBDA_RANGE[1], rel=1e-3)
    assert size == scene.size_at(lmbda)
