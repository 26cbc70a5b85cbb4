"""Which plan a size gets, once its neighbours were tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ralhe.fit.job import Job
from ralhe.fit.meter import Meter
from ralhe.fit.pictures import take_pictures
from ralhe.fit.plan import planned_count
from ralhe.fit.planning import DOUBT, STEP, Planner
from ralhe.fit.presets import PRESETS, Preset
from ralhe.fit.rate_control import TOLERANCE
from ralhe.fit.source import Source
from ralhe.prepare import clean
from tests.scenes import sphere

SIZE = 5_000
USUAL = planned_count(SIZE, 1500, 0)
FAST, THOROUGH = PRESETS["fast"], replace(PRESETS["fast"], thorough=True)


@pytest.fixture(scope="module")
def source() -> Source:
    scene = clean(sphere(1500, 0)).gaussians
    return Source.of(scene, scene, take_pictures(scene, None, 16))


def settled(source: Source, preset: Preset, depth: int | None = None) -> Job:
    return Planner(source, SIZE, depth, preset, Meter(None, None)).settle(None)


def promising(monkeypatch: pytest.MonkeyPatch, promise: Callable[[Job], float]) -> list[int]:
    """Lets trials come out like this; the counts that are tried."""
    tried: list[int] = []

    def try_out(job: Job, size: int, preset: Preset) -> float:
        tried.append(job.plan.leaves)
        job.reached = size
        return promise(job)

    monkeypatch.setattr(Job, "try_out", try_out)
    return tried


def changing(monkeypatch: pytest.MonkeyPatch, change: float, imbalance: float) -> None:
    monkeypatch.setattr(Job, "imbalance", lambda job: imbalance)
    monkeypatch.setattr("ralhe.fit.planning.planned_change", lambda imbalance, photographed: change)


@pytest.mark.parametrize(("best", "factors"), [(10_000, [1, 1.1, 1.21]), (USUAL * 1.15, [1, 1.1, 1.21]), (0, [1, 1.1])])
def test_a_plan_out_of_balance_grows_where_trials_say_so(
    source: Source, monkeypatch: pytest.MonkeyPatch, best: float, factors: list[float]
) -> None:
    changing(monkeypatch, 1.1, 20)
    tried = promising(monkeypatch, lambda job: -abs(job.plan.leaves - best))
    job = settled(source, FAST)
    assert tried == pytest.approx([factor * USUAL for factor in factors], rel=0.01)
    assert job.plan.leaves == min(tried, key=lambda leaves: abs(leaves - best))


def test_a_plan_in_balance_is_tried_by_thorough_presets_only(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    changing(monkeypatch, 1, 2)
    tried = promising(monkeypatch, lambda job: 0)
    assert settled(source, FAST).plan.leaves == USUAL
    assert not tried
    assert settled(source, THOROUGH).plan.leaves == USUAL
    assert tried == pytest.approx([USUAL, USUAL / STEP, USUAL * STEP], rel=0.01)


def test_nothing_is_tried_where_nothing_can_grow(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    changing(monkeypatch, 1.1, 20)
    tried = promising(monkeypatch, lambda job: 0)
    job = Planner(source, 15_000, None, FAST, Meter(None, None)).settle(None)
    assert (job.plan.leaves, tried) == (len(source.cleaned), [])


@pytest.mark.parametrize(("gain", "wins"), [(0.9 * DOUBT, False), (1.1 * DOUBT, True)])
def test_fewer_gaussians_have_to_be_clearly_better(
    source: Source, monkeypatch: pytest.MonkeyPatch, gain: float, wins: bool
) -> None:
    changing(monkeypatch, 1, 1)
    promising(monkeypatch, lambda job: gain if job.plan.leaves < USUAL else 0)
    job = settled(source, replace(THOROUGH, trials=1))
    assert job.plan.leaves == pytest.approx(USUAL / STEP if wins else USUAL, rel=0.01)


def test_fewer_gaussians_that_cannot_use_the_size_are_not_tried(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    changing(monkeypatch, 1, 1)
    monkeypatch.setattr(Planner, "_leaves_room", lambda planner, job: job.plan.leaves < USUAL)
    tried = promising(monkeypatch, lambda job: -job.plan.leaves)
    assert settled(source, replace(THOROUGH, trials=1)).plan.leaves == USUAL
    assert tried == [USUAL]


@pytest.mark.parametrize("imbalance", [1, 8])
def test_trials_go_on_while_they_come_out_better(
    source: Source, monkeypatch: pytest.MonkeyPatch, imbalance: float
) -> None:
    changing(monkeypatch, 1, imbalance)
    tried = promising(monkeypatch, lambda job: job.plan.leaves if imbalance > 4 else -job.plan.leaves)
    trials = 1 if imbalance > 4 else 3
    job = settled(source, replace(THOROUGH, trials=trials))
    step = STEP if imbalance > 4 else 1 / STEP
    assert tried == pytest.approx([USUAL * step**i for i in range(trials + 1)], rel=0.01)
    assert job.plan.leaves == tried[-1]


@pytest.mark.parametrize(
    ("trend", "imbalance", "factor", "tries"),
    [(-1, 2, STEP ** (-1 / 2), 0), (-1, 8, STEP ** (-1 / 2), 1), (1, 2, 1, 1)],
)
def test_the_next_size_goes_half_way_of_a_cut_and_tries_growth_then_where_it_hurts(
    source: Source, monkeypatch: pytest.MonkeyPatch, trend: int, imbalance: float, factor: float, tries: int
) -> None:
    changing(monkeypatch, 1, 1)
    promising(monkeypatch, lambda job: trend * job.plan.leaves)
    larger = settled(source, replace(THOROUGH, trials=2 if trend > 0 else 1))
    assert (larger.plan.leaves - USUAL) * trend > 0
    changing(monkeypatch, 1.1, imbalance)
    tried = promising(monkeypatch, lambda job: 0)
    size = SIZE - 1000
    job = Planner(source, size, None, replace(FAST, trials=1), Meter(None, None), larger).settle(larger)
    usual = planned_count(size, 1500, 0)
    assert job.plan.leaves == pytest.approx(factor * usual, rel=0.01)
    assert tried == pytest.approx([factor * usual, usual if factor < 1 else 1.1 * usual][: 2 * tries], rel=0.01)


@pytest.mark.parametrize(("preset", "change", "tries"), [(FAST, 1, 0), (THOROUGH, 1, 1), (THOROUGH, 0.95, -1)])
def test_the_next_size_of_a_thorough_preset_tries_more_or_fewer_still_where_it_was_cut(
    source: Source, monkeypatch: pytest.MonkeyPatch, preset: Preset, change: float, tries: int
) -> None:
    changing(monkeypatch, 1, 1)
    larger = settled(source, FAST)
    changing(monkeypatch, change, 2)
    tried = promising(monkeypatch, lambda job: tries * job.plan.leaves)
    job = Planner(source, SIZE - 1000, None, replace(preset, trials=1), Meter(None, None), larger).settle(larger)
    usual = round(change * planned_count(SIZE - 1000, 1500, 0))
    assert tried == pytest.approx([usual, STEP**tries * usual] * abs(tries), rel=0.01)
    assert job.plan.leaves == pytest.approx(STEP**tries * usual, rel=0.01)


@pytest.mark.parametrize(("imbalance", "trials", "steps"), [(1, 2, [0, -1]), (1, 3, [0, -1, 1]), (2, 3, [0, 1, -1])])
def test_the_next_size_looks_where_it_hurts_and_both_ways_with_trials_to_spare(
    source: Source, monkeypatch: pytest.MonkeyPatch, imbalance: float, trials: int, steps: list[int]
) -> None:
    changing(monkeypatch, 1, 1)
    larger = settled(source, FAST)
    changing(monkeypatch, 1, imbalance)
    tried = promising(monkeypatch, lambda job: 0)
    Planner(source, SIZE - 1000, None, replace(THOROUGH, trials=trials), Meter(None, None), larger).settle(larger)
    usual = planned_count(SIZE - 1000, 1500, 0)
    assert tried == pytest.approx([usual * STEP**step for step in steps], rel=0.01)


@pytest.mark.parametrize("better", [8, 9])
def test_a_plan_that_grows_is_as_shallow_as_pictures_say(
    source: Source, monkeypatch: pytest.MonkeyPatch, better: int
) -> None:
    changing(monkeypatch, 1.1, 20)
    promising(monkeypatch, lambda job: job.plan.leaves)
    usual = 8 * SIZE / USUAL
    monkeypatch.setattr("ralhe.fit.planning.planned_depth", lambda bits, tried: 9 if bits > usual / 1.05 else 8)
    monkeypatch.setattr(Job, "error", lambda job: abs(job.plan.depth - better))
    assert settled(source, FAST).plan.depth == better


def test_a_plan_that_grows_stays_as_much_deeper_than_usual(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    changing(monkeypatch, 1.1, 20)
    promising(monkeypatch, lambda job: job.plan.leaves)
    usual = 8 * SIZE / USUAL
    monkeypatch.setattr("ralhe.fit.planning.planned_depth", lambda bits, tried: 9 if bits > usual / 1.05 else 8)
    best = {True: 10, False: 9}  # before it grows, and after
    monkeypatch.setattr(Job, "error", lambda job: 1 + abs(job.plan.depth - best[job.plan.leaves == USUAL]))
    job = settled(source, FAST)
    assert (job.plan.leaves > USUAL, job.plan.depth) == (True, 9)


@pytest.mark.parametrize(("better", "depth"), [(9, None), (10, None), (10, 9)])
def test_fewer_gaussians_are_as_deep_as_pictures_say(
    source: Source, monkeypatch: pytest.MonkeyPatch, better: int, depth: int | None
) -> None:
    """Before they are fewer, the usual depth is the best one; a depth that was asked for stays."""
    changing(monkeypatch, 1, 2)
    promising(monkeypatch, lambda job: -job.plan.leaves)
    monkeypatch.setattr("ralhe.fit.planning.planned_depth", lambda bits, tried: 9)
    monkeypatch.setattr(Job, "error", lambda job: abs(job.plan.depth - (9 if job.plan.leaves == USUAL else better)))
    job = settled(source, replace(THOROUGH, trials=1), depth)
    assert job.plan.leaves == pytest.approx(USUAL / STEP, rel=0.01)
    assert job.plan.depth == (depth or better)


@pytest.mark.parametrize(
    ("preset", "better", "step"), [(FAST, -1, -1), (FAST, 1, 1), (THOROUGH, 1, 1), (THOROUGH, 0, 0)]
)
def test_a_level_more_or_less_is_what_pictures_say(
    source: Source, monkeypatch: pytest.MonkeyPatch, preset: Preset, better: int, step: int
) -> None:
    changing(monkeypatch, 1, 2)
    usual = 9
    monkeypatch.setattr("ralhe.fit.planning.planned_depth", lambda bits, tried: usual)
    monkeypatch.setattr(Job, "error", lambda job: 1 + 10 * abs(job.plan.depth - usual - better))
    assert settled(source, replace(preset, trials=0)).plan.depth == usual + step


def test_a_depth_that_was_asked_for_stays(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Job, "error", lambda job: job.plan.depth)
    assert settled(source, replace(THOROUGH, trials=0), depth=9).plan.depth == 9


def test_a_plan_that_misses_its_size_does_not_win(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    changing(monkeypatch, 1.1, 20)

    def try_out(job: Job, size: int, preset: Preset) -> float:
        job.reached = size if job.plan.leaves == USUAL else size + 1
        return job.plan.leaves

    monkeypatch.setattr(Job, "try_out", try_out)
    assert settled(source, FAST).plan.leaves == USUAL


def test_a_trial_is_a_head_start(source: Source) -> None:
    job = settled(source, replace(FAST, trials=0))
    before = job.error()
    promise = job.try_out(SIZE, replace(FAST, trial_iterations=100))
    assert 10 ** (-promise / 10) == pytest.approx(job.error())
    assert job.error() < 0.97 * before
    assert SIZE * (1 - TOLERANCE) <= job.reached <= SIZE
