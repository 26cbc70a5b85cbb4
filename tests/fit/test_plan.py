"""Plans: how many Gaussians, how deep, and when to think again."""

from __future__ import annotations

import numpy as np
import pytest

from ralhe.fit.job import Job
from ralhe.fit.meter import Meter
from ralhe.fit.pictures import take_pictures
from ralhe.fit.plan import (
    BALANCED,
    LEARNT,
    MAX_GROWTH,
    MOST_CUT,
    UNBALANCED,
    WANTED,
    Plan,
    planned_change,
    planned_count,
    planned_depth,
)
from ralhe.fit.source import Source
from ralhe.prepare import clean
from tests.scenes import sphere


@pytest.mark.parametrize("sh_degree", [0, 3])
def test_more_bytes_keep_more_gaussians_with_more_bits_each(sh_degree: int) -> None:
    sizes = np.array([50_000, 100_000, 250_000, 500_000, 1_000_000])
    counts = np.array([planned_count(int(size), 200_000, sh_degree) for size in sizes])
    assert (np.diff(counts) > 0).all()
    assert (np.diff(sizes / counts) > 0).all()
    assert planned_count(10**9, 1000, sh_degree) == 1000
    assert planned_count(1, 1000, sh_degree) == 1


def test_harmonics_take_bits_that_fewer_gaussians_pay_for() -> None:
    counts = [planned_count(500_000, 200_000, sh_degree) for sh_degree in range(4)]
    assert counts == sorted(counts, reverse=True)
    assert counts[3] < 0.9 * counts[0]


@pytest.mark.parametrize("tried", [6.0, 11.0, 18.0])
def test_a_level_costs_three_bits(tried: float) -> None:
    assert planned_depth(50.0, tried + 3) == planned_depth(50.0, tried) - 1
    assert planned_depth(50.0, tried) <= planned_depth(70.0, tried) <= planned_depth(50.0, tried) + 1


def test_a_plan_grows_where_pruning_hurts_more_than_coding() -> None:
    assert planned_change(BALANCED) == planned_change(UNBALANCED) == 1
    assert 1 < planned_change(2 * UNBALANCED) < planned_change(4 * UNBALANCED) <= MAX_GROWTH
    assert planned_change(1e30) == MAX_GROWTH


def test_a_plan_shrinks_where_coding_hurts_more_than_pruning() -> None:
    changes = [planned_change(q) for q in (0.0, 0.1, 0.5, WANTED, UNBALANCED)]
    assert changes[0] == MOST_CUT < changes[1] < changes[2] < changes[3] == changes[4] == 1
    assert planned_change(0.99 * WANTED) == 1, "hardly worth a plan of its own"


def test_photos_let_a_plan_shrink_further() -> None:
    changes = [planned_change(q, photographed=True) for q in (0.0, 0.1, 1.0, LEARNT, UNBALANCED)]
    assert changes[0] == MOST_CUT < changes[1] < changes[2] < changes[3] == changes[4] == 1
    assert changes[2] < planned_change(1.0)
    assert planned_change(2 * UNBALANCED, photographed=True) == planned_change(2 * UNBALANCED)


def test_imbalance_falls_as_more_are_kept() -> None:
    scene = clean(sphere(600, 0)).gaussians
    source = Source.of(scene, scene, take_pictures(scene, None, 16))
    jobs = [Job(source, Plan(kept, 9, 0, (4, 0)), Meter(None, None)) for kept in (200, 400)]
    few, many = (job.imbalance() for job in jobs)
    assert few > 1.5 * many > 0


def test_without_pictures_nothing_is_out_of_balance() -> None:
    scene = clean(sphere(50, 0)).gaussians
    job = Job(Source.of(scene, scene, None), Plan(20, 9, 0, (4, 0)), Meter(None, None))
    assert job.imbalance() == 1
