"""Bjontegaard's deltas against published examples and against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.measures.bjontegaard import Curve, bd_psnr, bd_rate

ANCHOR = [(9487.76, 40.037), (4593.60, 38.615), (2486.44, 36.845), (1358.24, 34.851)]
TEST = [(9787.80, 40.121), (4469.00, 38.651), (2451.52, 36.970), (1356.24, 34.987)]
"""The worked example that comes with the Python package bjontegaard; its cubic fit gives -4.42% and +0.120 dB."""


def test_worked_example() -> None:
    anchor, test = Curve.of(ANCHOR), Curve.of(TEST)
    assert bd_rate(anchor, test) == pytest.approx(-4.4174854, abs=1e-6)
    assert bd_psnr(anchor, test) == pytest.approx(0.1196928, abs=1e-6)


@pytest.mark.filterwarnings("ignore:Insufficient curve overlap")
def test_agrees_with_the_package() -> None:
    oracle = pytest.importorskip("bjontegaard", reason="pip install -r benchmarks/requirements.txt")
    random = np.random.default_rng(0)
    for _ in range(20):
        curves = [(np.cumsum(random.uniform(50, 300, n)), np.cumsum(random.uniform(0.5, 3, n)) + 30) for n in (4, 6)]
        (r1, p1), (r2, p2) = curves
        one, two = (Curve(r, p) for r, p in curves)
        options = {"method": "pchip", "require_matching_points": False, "min_overlap": 0}
        if p2[0] < p1[-1] and p1[0] < p2[-1]:
            assert bd_rate(one, two) == pytest.approx(oracle.bd_rate(r1, p1, r2, p2, **options), rel=1e-6)
        if r2[0] < r1[-1] and r1[0] < r2[-1]:
            assert bd_psnr(one, two) == pytest.approx(oracle.bd_psnr(r1, p1, r2, p2, **options), rel=1e-6)


def test_points_that_are_beaten_are_left_out() -> None:
    assert Curve.of([(100, 30), (100, 40), (150, 35), (200, 50)]).psnr.tolist() == [40, 50]


def test_half_the_bytes_is_minus_fifty_percent() -> None:
    half = Curve.of([(size / 2, psnr) for size, psnr in ANCHOR])
    assert bd_rate(Curve.of(ANCHOR), half) == pytest.approx(-50, abs=1e-9)


def test_one_decibel_more_is_one_decibel() -> None:
    better = Curve.of([(size, psnr + 1) for size, psnr in ANCHOR])
    assert bd_psnr(Curve.of(ANCHOR), better) == pytest.approx(1, abs=1e-9)


def test_curves_without_overlap_have_none() -> None:
    far = Curve.of([(size * 100, psnr + 40) for size, psnr in ANCHOR])
    assert bd_rate(Curve.of(ANCHOR), far) is None
    assert bd_psnr(Curve.of(ANCHOR), far) is None


def test_points_that_others_beat_are_left_out() -> None:
    assert Curve.of([(100, 30), (200, 29), (300, 33)]).bytes.tolist() == [100, 300]
