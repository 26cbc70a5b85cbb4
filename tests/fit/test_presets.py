"""Presets: how much work an encode may do."""

from __future__ import annotations

import pytest

from ralhe.fit.presets import MANY, PRESETS


@pytest.mark.parametrize(
    ("leaves", "factor"), [(0, 2), (1_000, 2), (MANY // 2, 2), (2 * MANY // 3, 1.5), (MANY, 1), (5 * MANY, 1)]
)
def test_fast_goes_on_for_longer_with_few_gaussians(leaves: int, factor: float) -> None:
    fast = PRESETS["fast"]
    stretched = fast.for_leaves(leaves)
    assert stretched.retraining_iterations == pytest.approx(factor * fast.retraining_iterations, abs=1)
    assert stretched.turns == factor * fast.turns
    assert (stretched.pictures, stretched.base_iterations) == (fast.pictures, fast.base_iterations)
    assert stretched.for_leaves(1) == stretched


@pytest.mark.parametrize("name", ["default", "best"])
def test_others_take_as_many_iterations_for_any_scene(name: str) -> None:
    assert PRESETS[name].for_leaves(10) == PRESETS[name]


def test_a_rung_learns_less_and_rounds_as_often_but_does_no_less_than_fast() -> None:
    fast, default = PRESETS["fast"], PRESETS["default"]
    rung = default.continued()
    assert (rung.retraining_iterations, rung.rounds) == (default.retraining_iterations // 4, default.rounds - 2)
    assert (rung.turns, rung.batch, rung.probes) == (default.turns, 0.8 * default.batch, default.probes // 4)
    assert default.thorough
    assert not rung.thorough
    assert fast.continued() == fast
