"""Which plan a size gets: drafted by formulas, changed where it cannot meet the size, tried against its neighbours."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from ralhe.bitstream import Header
from ralhe.core import Encoder
from ralhe.fit.job import LOOKAHEAD, Job
from ralhe.fit.meter import Meter
from ralhe.fit.plan import (
    BALANCED,
    MAX_PLANNED_DEPTH,
    MIN_HARMONIC_SIZE,
    TRIED_DEPTH,
    WANTED,
    Plan,
    least_count,
    planned_change,
    planned_count,
    planned_degree,
    planned_depth,
    planned_widths,
)
from ralhe.fit.presets import Preset
from ralhe.fit.rate_control import TOLERANCE, error_with, is_coarsest, is_finest
from ralhe.fit.source import Source
from ralhe.fit.work import trial_work

REPLANS = 6  # at most, of a plan that cannot meet its size
TINY_SIZE = 2000
STEP = 1.25  # in the number of Gaussians from one plan to the next that is tried
FINE = 4e-4  # lambda below which a stream without the harmonics of its scene has bytes for them after all
ONE_WAY = 2  # trials that a size after the first spends on one way
CARRIED = 0.5
"""Where trials cut the count at one size, the next size starts from that cut's square root. Whether more would do
better, each size tries for itself (docs/design.md)."""

DOUBT = 0.5
"""dB that fewer Gaussians must promise more: what is pruned shows from where no picture was taken (docs/design.md)."""


@dataclass(frozen=True)
class _Draft:
    """How a plan departs from the usual one for its size."""

    usual: int  # Gaussians
    degree: int  # of the harmonics
    scale: float = 1.0  # times as many
    extra_depth: int = 0  # levels more than usual

    def scaled(self, factor: float) -> _Draft:
        return replace(self, scale=self.scale * factor)

    def finer(self) -> _Draft:
        return replace(self, scale=self.scale * 2, extra_depth=self.extra_depth + 1)


class Planner:
    """Plans for one size, the next one after each that failed."""

    def __init__(self, source: Source, size: int, depth: int | None, preset: Preset, meter: Meter,
                 larger: Job | None = None) -> None:  # fmt: skip
        """depth: of the octree, where that was asked for. larger: what the scene came to at a larger size."""
        self._source, self._size, self._depth, self._preset, self._meter = source, size, depth, preset, meter
        self._first = larger is None
        self._preference = min(larger.preference, 1.0) ** CARRIED if larger else 1.0
        scene = len(source.whole.cleaned), source.cleaned.sh_degree
        usual = max(1, round(self._preference * planned_count(size, *scene)))
        self._draft = _Draft(usual, planned_degree(size, *scene))

    def shrink(self, reached: int) -> None:
        """Fewer Gaussians from here on, after a stream of so many bytes that was too large."""
        degree = self._draft.degree if self._size >= MIN_HARMONIC_SIZE else 0
        self._draft = replace(self._draft.scaled(_shrink(self._size, reached)), degree=degree)

    def settle(self, before: Job | None) -> Job:
        """A job that knows roughly the plan that promises most.

        before: one whose networks know the scene already; a plan made anew takes over those of the plan before it.
        """
        for _ in range(REPLANS):
            job = before = self._warmed(self._drafted(), before)
            better = self._redrafted(job)
            if better is None:
                return self._best(job)
            self._draft = better
        return self._warmed(self._drafted(), before)

    def _drafted(self) -> Plan:
        leaves = max(1, min(len(self._source.cleaned), int(self._draft.scale * self._draft.usual)))
        return self._plan(leaves, self._draft.extra_depth)

    def _plan(self, leaves: int, extra_depth: int = 0) -> Plan:
        usual = _depth_for(self._source, leaves, 8.0 * self._size / leaves)
        depth = self._depth or min(usual + extra_depth, MAX_PLANNED_DEPTH)
        return Plan(leaves, depth, self._draft.degree, planned_widths(self._size, self._draft.degree))

    def _warmed(self, plan: Plan, before: Job | None) -> Job:
        job = Job(self._source, plan, self._meter, before)
        job.preference = self._preference
        job.warm_up(self._size, self._preset.for_leaves(plan.leaves, self._source.learnt))
        return job

    def _redrafted(self, job: Job) -> _Draft | None:
        """Another draft where the plan of a job cannot meet the size or use it; None where the plan will do."""
        plan, draft = job.plan, self._draft
        if job.reached > self._size and is_coarsest(job.lmbda) and plan.leaves > 1:
            return draft.scaled(_shrink(self._size, job.reached))
        degree = self._source.cleaned.sh_degree
        if draft.degree < degree and job.lmbda < FINE and job.reached <= self._size and draft.scale >= 1:
            return replace(draft, degree=degree)
        room = plan.leaves < len(self._source.cleaned) or (self._depth is None and plan.depth < MAX_PLANNED_DEPTH)
        return draft.finer() if self._leaves_room(job) and room and draft.scale >= 1 else None

    def _leaves_room(self, job: Job) -> bool:
        """Whether even the finest steps do not make use of the size."""
        return is_finest(job.lmbda) and job.reached < self._size * (1 - TOLERANCE)

    def _best(self, job: Job) -> Job:
        """Of a job and its neighbours the one that promises most.

        Pruning against coding says where to look; how much of either a fit will mend, only a trial tells.
        """
        if self._source.pictures is None or self._draft.scale != 1 or self._meter.stopped:
            return job
        change, imbalance = self._change(job)
        fewer = max(round(change * job.plan.leaves), least_count(self._size, job.plan.sh_degree))
        if fewer < job.plan.leaves:
            cut = self._warmed(self._plan(fewer), job)
            job = job if self._leaves_room(cut) else cut
        return self._climbed(self._levelled(job), change, self._ways(change, imbalance))

    def _ways(self, change: float, imbalance: float) -> tuple[bool, ...]:
        """Where to look for a better count, in this order: True for more Gaussians, False for fewer."""
        outweighs = imbalance > BALANCED
        if self._preset.thorough and self._first:
            return (True, False) if outweighs else (False, True)
        ways: tuple[bool, ...] = (True, False) if outweighs or self._preference >= 1 else ()
        if self._preset.thorough and (change < 1 or imbalance < WANTED):
            ways = False, True
        return ways if self._preset.trials > ONE_WAY else ways[:1]

    def _levelled(self, job: Job) -> Job:
        """The same Gaussians a level less deep, or deeper, where that leaves a smaller error before any retraining."""
        if self._depth is not None:
            return job
        expected = self._expected(job)
        for depth in (job.plan.depth - 1, job.plan.depth + 1):
            if self._meter.stopped or not 1 <= depth <= MAX_PLANNED_DEPTH:
                continue
            other = self._warmed(replace(job.plan, depth=depth), job)
            if self._expected(other) < expected:
                return other
        return job

    def _expected(self, job: Job) -> float:
        """Error of the pictures held out, coded at the size and before any retraining."""
        job.approach(self._size)  # where bits are many, a tenth more of them are worth 4 dB
        return error_with(self._size, job.reached, job.error()) if job.reached <= self._size else math.inf

    def _change(self, job: Job) -> tuple[float, float]:
        """Factor for the count of a job, by how far pruning and coding are out of balance; and how far."""
        source = self._source
        weighed = Job(source.start, job.plan, self._meter, job) if source.start else job
        imbalance = weighed.imbalance()
        return planned_change(imbalance, photographed=source.photographed), imbalance

    def _climbed(self, job: Job, change: float, ways: tuple[bool, ...]) -> Job:
        """The best on the way from a job to more Gaussians (True) or fewer, each tried by a short retraining."""
        work = trial_work(self._preset, job.plan.leaves, job.plan.sh_degree)
        with _Trials(self._meter, self._preset.trials, work) as trials:
            tops = (self._climb(job, change, up, trials) for up in ways)
            best = next((top for top in tops if top is not job), job)
        best.preference *= best.plan.leaves / job.plan.leaves
        return best

    def _climb(self, start: Job, change: float, up: bool, trials: _Trials) -> Job:
        """The last job on one way that promised more than the one before. change: factor for more Gaussians."""
        best = start
        while trials.left and not self._meter.stopped:
            leaves = min(round(self._factor(change, up, best is start) * best.plan.leaves), len(self._source.cleaned))
            if leaves in (0, best.plan.leaves):
                break
            promise = self._promise(best)  # once there is a neighbour to compare with, which takes over what it learnt
            trials.take()
            other = self._resized(best, leaves)
            if not up and self._leaves_room(other):
                break
            change = self._change(other)[0] if up and trials.left else 1.0
            if self._promise(other) <= promise + (0.0 if up else DOUBT):
                break
            best = other
        return best

    def _factor(self, change: float, up: bool, first: bool) -> float:
        """For the count of the next neighbour."""
        if not up:
            return 1 / STEP
        if first and self._preference < 1:
            return 1 / self._preference  # back to where it was before the cut that was carried over
        return max(change, STEP if self._preset.thorough else 1.0)

    def _resized(self, job: Job, leaves: int) -> Job:
        """Another job with so many Gaussians, at one of two depths: more have fewer bits each, but a level less may
        cost more than it saves; fewer may have bits for a level more. The error of pictures held out decides."""
        depth = job.plan.depth
        plan = self._plan(leaves, depth - self._plan(job.plan.leaves).depth)  # as much deeper than usual as the job is
        other = self._warmed(plan, job)
        if leaves < job.plan.leaves and plan.depth == depth:
            depth += 1
        if self._depth is not None or not plan.depth < depth <= MAX_PLANNED_DEPTH:
            return other
        deeper = self._warmed(replace(plan, depth=depth), other)
        return min(other, deeper, key=self._expected)

    def _promise(self, job: Job) -> float:
        """What a job comes to after a short retraining, in dB; nothing where it cannot meet the size."""
        if job.promise is None:
            promise = job.try_out(self._size, self._preset)
            within = self._size * (1 - TOLERANCE) <= job.reached <= self._size
            job.promise = promise if within else -math.inf
        return job.promise


class _Trials:
    """How many plans may still be tried, and what they count in the time left."""

    def __init__(self, meter: Meter, left: int, work: float) -> None:
        self.left = left
        self._meter, self._work, self._later = meter, work, meter.later

    def __enter__(self) -> Self:
        self._meter.later += self.left * self._work
        return self

    def __exit__(self, *_: object) -> None:
        self._meter.later = self._later

    def take(self) -> None:
        """One of them begins."""
        self.left -= 1
        self._meter.later -= self._work


def _shrink(size: int, reached: int) -> float:
    """Factor for the number of Gaussians after a stream of `reached` bytes was too large; tiny ones are mostly
    header and networks, so their Gaussians must go by more."""
    return min(0.5, 0.8 * size / reached) if size >= TINY_SIZE else 0.2


def _depth_for(source: Source, leaves: int, bits_per_gaussian: float) -> int:
    """Depth for the most important Gaussians, from what their positions cost at one depth."""
    kept, grid = source.fill(leaves, TRIED_DEPTH)
    codes = np.unique(grid.codes(source.cleaned.positions[kept]))
    header = Header(0, TRIED_DEPTH, LOOKAHEAD, len(codes), 0, (0.0, 0.0, 0.0), 1.0, (0.0,) * 6, (4, 0, 0))
    geometry = Encoder(header.pack(), codes, LOOKAHEAD).geometry()
    return planned_depth(bits_per_gaussian, 8.0 * sum(len(s.data) for s in geometry) / len(codes))
