"""Gaussians -> bytes: prepare, fit, meet the size, decode what was written (`outcome`), report."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING

from ralhe import bitstream
from ralhe.arguments import whole
from ralhe.bitstream import LEAST_BYTES, Header
from ralhe.coordinates import in_ply_axes
from ralhe.core import Decoder
from ralhe.errors import RateError, SceneError
from ralhe.fit.elimination import elimination_work
from ralhe.fit.fit import Candidate
from ralhe.fit.job import LOOKAHEAD, Job
from ralhe.fit.meter import Meter
from ralhe.fit.pictures import take_pictures
from ralhe.fit.plan import Plan, planned_count, planned_widths
from ralhe.fit.planning import REPLANS, Planner
from ralhe.fit.presets import PRESETS, Preset
from ralhe.fit.rate_control import LAMBDA_RANGE
from ralhe.fit.source import Source
from ralhe.fit.work import SEARCHES, USUAL_WALKS, fit_work, picture_work, placing_work, taking_work, trial_work
from ralhe.gaussians import Gaussians
from ralhe.octree import MAX_DEPTH
from ralhe.outcome import EncodeReport, attribute_error, bits_by_kind, verified
from ralhe.prepare import clean
from ralhe.progress import Progress
from ralhe.sizes import DEFAULT_SIZE

if TYPE_CHECKING:
    from ralhe.cameras import Views

DEPTH_AT_LAMBDA = 12


def encode(
    gaussians: Gaussians,
    *,
    size: int | None = None,
    lmbda: float | None = None,
    preset: str = "default",
    sh_degree: int | None = None,
    depth: int | None = None,
    views: Views | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> EncodeReport:
    """Compresses a scene to at most `size` bytes, or to the rate that `lmbda` (distortion per bit) buys; to a megabyte
    where neither is given.

    lmbda: 5e-5 ... 64; then every Gaussian that can be seen stays, at a depth of 12 unless another is given.

    preset: "fast", "default" or "best". sh_degree: cut the harmonics to this degree. depth: of the octree, 1 ... 21.
    views: cameras to look through, those of its list `fit` (of `test` where there are none to fit), photos where they
    have them, at 800 pixels a side at most; placed ones join them. They are in the axes of a trained .ply, to which a
    scene in others is turned.
    progress: called as the work goes on. stop: when set, the fit ends and the best so far is coded.

    The stream is never above `size`, and at least 97% of it unless even the best quality needs less, or size is below
    2,000.
    Raises SceneError for arguments out of range, RateError when no stream can be that small.
    """
    size, sh_degree, depth = _check(gaussians, size, lmbda, preset, sh_degree, depth, views)
    task = _Task.prepare(_beside(views, gaussians), sh_degree, depth, PRESETS[preset], progress, stop)
    if task.empty:
        return task.report_empty(size)
    if size is not None:
        _refuse_tiny(size)
    source = task.look(views, size)
    if size is None:
        assert lmbda is not None
        plan = task.whole_plan()
        job = Job(source, plan, task.meter)
        candidate = job.fit_at(lmbda, task.preset.for_leaves(plan.leaves))
    else:
        job, candidate = task.fit_to_size(source, size)
    task.meter.finish()
    return task.report(job, candidate)


def encode_ladder(
    gaussians: Gaussians,
    sizes: Sequence[int],
    *,
    preset: str = "default",
    sh_degree: int | None = None,
    depth: int | None = None,
    views: Views | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    finished: Callable[[int, EncodeReport], None] | None = None,
) -> tuple[EncodeReport, ...]:
    """Compresses a scene to each of `sizes`, in bytes; the rest as for `encode`.

    The scene is prepared once, and from the largest size down each fit starts where the one before ended: what it kept
    has already learnt to stand for what it dropped. Reports come in the order of `sizes`.

    finished: called with each size and its report once that is whole, the largest first: what came before an error, or
    before the work was aborted, need not be lost.
    """
    sizes = [whole("size", size, SceneError) for size in sizes]
    if not sizes:
        raise SceneError("sizes is empty, expected one or more")
    for size in sizes:
        _, sh_degree, depth = _check(gaussians, size, None, preset, sh_degree, depth, views)
    task = _Task.prepare(_beside(views, gaussians), sh_degree, depth, PRESETS[preset], progress, stop)
    reports = dict[int, EncodeReport]()
    for size, report in task.rungs(sorted(set(sizes), reverse=True), views):
        reports[size] = report
        if finished is not None:
            finished(size, report)
    return tuple(reports[size] for size in sizes)


def _beside(views: Views | None, gaussians: Gaussians) -> Gaussians:
    """A scene in the axes of the views, where there are some."""
    return gaussians if views is None else in_ply_axes(gaussians)


def _check(gaussians: Gaussians, size: int | None, lmbda: float | None, preset: str, sh_degree: int | None,
           depth: int | None, views: Views | None) -> tuple[int | None, int | None, int | None]:  # fmt: skip
    """Size, degree and depth as ints, if they and the rest can be used."""
    if not isinstance(gaussians, Gaussians):
        raise SceneError(f"the scene is a {type(gaussians).__name__}, expected Gaussians; ralhe.read reads a file")
    if isinstance(views, str | Path):
        raise SceneError(f"views is a {type(views).__name__}, expected Views; ralhe.cameras.read reads a file")
    size, sh_degree, depth = (
        whole(name, value, SceneError) for name, value in (("size", size), ("sh_degree", sh_degree), ("depth", depth))
    )
    if size is not None and lmbda is not None:
        raise SceneError("give size or lmbda, not both")
    if size is not None and size < 1:
        raise SceneError(f"size is {size} bytes, expected 1 or more")
    low, high = LAMBDA_RANGE
    if lmbda is not None and not (isinstance(lmbda, Real) and low <= lmbda <= high):
        raise SceneError(f"lmbda is {lmbda!r}, expected {low:g} to {high:g}")
    if not isinstance(preset, str) or preset not in PRESETS:
        raise SceneError(f"preset is {preset!r}, expected one of {', '.join(PRESETS)}")
    if depth is not None and not 1 <= depth <= MAX_DEPTH:
        raise SceneError(f"depth is {depth}, expected 1 to {MAX_DEPTH}")
    return size if size or lmbda else DEFAULT_SIZE, sh_degree, depth


def _refuse_tiny(size: int) -> None:
    """Raises RateError, before minutes of work, for a size that no scene with a Gaussian fits."""
    if size < LEAST_BYTES:
        raise RateError(f"no stream of this scene fits {size} bytes; any with a Gaussian has more than {LEAST_BYTES}")


@dataclass(frozen=True, eq=False)
class _Task:
    """A scene to compress, and how."""

    given: Gaussians  # the harmonics cut where that was asked for
    cleaned: Gaussians
    dropped: int
    depth: int | None
    preset: Preset
    meter: Meter
    began: float

    @classmethod
    def prepare(cls, gaussians: Gaussians, sh_degree: int | None, depth: int | None, preset: Preset,
                progress: Callable[[Progress], None] | None, stop: threading.Event | None) -> _Task:  # fmt: skip
        began, meter = time.monotonic(), Meter(progress, stop, preset.pixels)
        meter.enter("prepare")
        given = gaussians if sh_degree is None else gaussians.with_sh_degree(sh_degree)
        cleaned = clean(given)
        gaussians = cleaned.gaussians
        return cls(given, gaussians, cleaned.dropped, depth, preset.for_scene(len(gaussians)), meter, began)

    @property
    def empty(self) -> bool:
        return len(self.cleaned) == 0

    def whole_plan(self) -> Plan:
        """Nothing left out."""
        degree, count = self.given.sh_degree, len(self.cleaned)
        return Plan(count, self.depth or DEPTH_AT_LAMBDA, degree, planned_widths(8 * count, degree))

    def kept(self, size: int | None) -> int:
        """Gaussians of a stream, before anything is known of it."""
        whole = len(self.cleaned)
        return planned_count(size, whole, self.cleaned.sh_degree) if size else whole

    def looking_work(self, gaussians: int, kept: int, each: float) -> float:
        """Work of looking at so many Gaussians, `each` a picture, and again as they go down to those kept."""
        count = self.preset.pictures
        return count * each + elimination_work(gaussians, kept, count, self.preset.look_every, self.preset.pixels)

    def work(self, size: int | None, learnt: int | None = None) -> float:
        """Work of a fit, before anything is known of it. learnt: as for `Preset.for_leaves`."""
        count = self.kept(size)
        preset = self.preset.for_leaves(count, learnt)
        walks = preset.rounds + SEARCHES * USUAL_WALKS
        trials = (1 + preset.trials) * trial_work(preset, count, self.given.sh_degree)
        return trials + fit_work(preset, count, self.given.sh_degree, walks, pictured=True)

    def look(self, views: Views | None, size: int | None) -> Source:
        """The scene with its pictures; size: what it will be fitted to first, for the time left."""
        n, meter, preset = len(self.cleaned), self.meter, self.preset
        count, kept = preset.pictures, self.kept(size)
        every = preset.look_every
        looking = self.looking_work(n, kept, taking_work(n, every, preset.pixels))
        meter.plan(placing_work(count) + looking + self.work(size))
        meter.enter("look")
        took, placed = lambda: meter.took(n, every), lambda: meter.placed(count)
        pictures = take_pictures(self.cleaned, views, count, every, took, placed,
                                 preset.drawn, preset.judged)  # fmt: skip
        source = Source.of(self.given, self.cleaned, pictures, every, partial(meter.looked, every=every))
        source.order(kept)
        return source

    def rungs(self, sizes: Sequence[int], views: Views | None) -> Iterator[tuple[int, EncodeReport]]:
        """Sizes, the largest first, and their streams: each fit starts where the one before ended."""
        if self.empty:
            yield from ((size, self.report_empty(size)) for size in sizes)
            return
        _refuse_tiny(min(sizes))
        shorter, every = replace(self, preset=self.preset.continued()), self.preset.look_every
        kept = {size: self.kept(size) for size in sizes}
        steps = [
            self.looking_work(kept[before], kept[size], picture_work(kept[before], every, self.preset.pixels))
            + shorter.work(size, kept[before])
            for before, size in pairwise(sizes)
        ]
        self.meter.later = sum(steps)
        source = self.look(views, sizes[0])
        job, candidate = self.fit_to_size(source, sizes[0])
        yield sizes[0], self.report(job, candidate)
        for size, step in zip(sizes[1:], steps, strict=True):
            self.meter.later -= step
            self.meter.plan(step)
            self.meter.enter("look")
            source = source.continued(job.scene)
            job, candidate = shorter.fit_to_size(source, size, job)
            yield size, self.report(job, candidate)
        self.meter.finish()

    def fit_to_size(self, source: Source, size: int, before: Job | None = None) -> tuple[Job, Candidate]:
        """The stream of the plan that promises most, and of fewer Gaussians where that cannot meet the size after all.

        before: a job whose networks know the scene already.
        """
        planner = Planner(source, size, self.depth, self.preset, self.meter, before)
        for _ in range(REPLANS + 1):
            job = planner.settle(before)
            candidate = job.refine(size, self.preset)
            if len(candidate.data) <= size:
                return job, candidate
            if job.plan.leaves == 1:
                break
            planner.shrink(len(candidate.data))
            before = job
        raise RateError(f"no stream of this scene fits {size} bytes; the smallest found has {len(candidate.data)}")

    def report(self, job: Job, candidate: Candidate) -> EncodeReport:
        """Of a stream, as the real decoder sees it."""
        decoder = Decoder(candidate.data)
        bits, decoded = bits_by_kind(decoder), verified(decoder, job.scene)
        return EncodeReport(
            data=candidate.data,
            source_gaussians=len(self.given),
            dropped=self.dropped,
            kept=job.kept,
            leaves=len(job.scene),
            depth=job.plan.depth,
            sh_degree=job.plan.sh_degree,
            lmbda=candidate.lmbda,
            seconds=time.monotonic() - self.began,
            bits=bits,
            attribute_error=attribute_error(job.scene, decoded),
        )

    def report_empty(self, size: int | None) -> EncodeReport:
        """Of the stream of a scene in which nothing can be seen."""
        source, degree = self.given, self.given.sh_degree
        header = Header(degree, 0, LOOKAHEAD, 0, len(source), (0.0, 0.0, 0.0), 1.0, (0.0,) * 6,
                        (4, 4 if degree else 0, 0), antialiased=source.antialiased,
                        coordinates=source.coordinates)  # fmt: skip
        data = bitstream.assemble_empty(header)
        if size is not None and len(data) > size:
            raise RateError(f"no stream of this scene fits {size} bytes; the smallest has {len(data)}")
        seconds, bits = time.monotonic() - self.began, {"container": 8.0 * len(data)}
        return EncodeReport(data, len(source), self.dropped, 0, 0, 0, degree, 0.0, seconds, bits, {})
