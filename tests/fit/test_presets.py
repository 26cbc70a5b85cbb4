"""Presets: how much work an encode may do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ralhe.fit.presets import FEW, MANY, PRESETS, USUAL_IMBALANCE


@pytest.mark.parametrize(
    ("leaves", "factor"),
    [(0, 1), (FEW, 1), (FEW + 1, 2), (MANY // 2, 2), (2 * MANY // 3, 1.5), (MANY, 1), (5 * MANY, 1)],
)
def test_fast_goes_on_for_longer_where_it_has_the_time(leaves: int, factor: float) -> None:
    fast = PRESETS["fast"]
    stretched = fast.for_leaves(leaves)
    assert stretched.retraining_iterations == pytest.approx(factor * fast.retraining_iterations, abs=1)
    assert stretched.turns == factor * fast.turns
    assert (stretched.pictures, stretched.base_iterations) == (fast.pictures, fast.base_iterations)
    assert stretched.rounds == (2 if leaves < MANY else 1)
    assert stretched.for_leaves(FEW + 1) == stretched


def test_small_scenes_are_looked_at_from_half_as_many_places() -> None:
    """Where those of others are drawn smaller than they are seen."""
    for preset in PRESETS.values():
        assert preset.pixels < 0.5
        assert preset.for_scene(FEW + 1) == preset
        assert preset.for_scene(FEW) == replace(preset, pictures=preset.pictures // 2)


@pytest.mark.parametrize("name", ["default", "best"])
def test_others_take_as_many_iterations_for_any_scene(name: str) -> None:
    assert PRESETS[name].for_leaves(10) == PRESETS[name]


def test_a_rung_looks_less_and_rounds_as_often() -> None:
    default = PRESETS["default"]
    rung = default.continued()
    assert (rung.turns, rung.rounds) == (default.turns, default.rounds - 2)
    assert (rung.batch, rung.probes) == (default.batch * 4 // 5, default.probes // 4)
    assert rung.trials < default.trials
    assert PRESETS["best"].continued().trials > rung.trials
    assert PRESETS["fast"].continued() == PRESETS["fast"]


@pytest.mark.parametrize(
    ("leaves", "hurts", "iterations"),
    [(95_000, 1, 100), (75_000, 1, 500), (75_000, 4, 1000), (50_000, 1, 2000), (50_000, 4, 2000), (9_000, 1, 2000)],
)
def test_a_scene_that_has_learnt_learns_by_what_it_loses(leaves: int, hurts: float, iterations: int) -> None:
    rung = PRESETS["default"].for_leaves(leaves, 100_000, hurts * USUAL_IMBALANCE)
    assert rung == replace(PRESETS["default"], retraining_iterations=iterations)


def test_fast_has_no_time_to_spare() -> None:
    fast = PRESETS["fast"]
    assert fast.for_leaves(60_000, 80_000) == fast.for_leaves(60_000)
