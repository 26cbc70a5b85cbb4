"""One plan carried out: Gaussians kept and voxelised, retrained, fitted to a size."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from ralhe.bitstream import Header
from ralhe.fit.drawing import Drawing
from ralhe.fit.fit import Aim, Candidate, Fit
from ralhe.fit.meter import Meter
from ralhe.fit.objective import gaussian_weights, influence_weights
from ralhe.fit.plan import Plan
from ralhe.fit.presets import USUAL_IMBALANCE, Preset
from ralhe.fit.rate_control import (
    LAMBDA_RANGE,
    TOLERANCE,
    USUAL_SLOPE,
    error_with,
    is_coarsest,
    is_finest,
    search_lambda,
)
from ralhe.fit.retraining import Leaves, retrain
from ralhe.fit.rounding import Rates, Schedule, round_by_pictures
from ralhe.fit.source import Source
from ralhe.fit.work import LEARN_EVERY, RELEARN_SHARE, SEARCHES, USUAL_WALKS, fit_work
from ralhe.prepare.attributes import channels_of
from ralhe.rasteriser import Splats
from ralhe.rasteriser.sensitivity import Influence

LOOKAHEAD = 2
FIRST_LAMBDA = 0.02
COARSE_WALKS, FIRST_WALKS, FINE_WALKS = 9, 5, 12
COARSE_TOLERANCE = 0.1
LESSONS, KNOWN = 5, 8.0
"""Before a plan is weighed, so many times at most networks learn; they know latents whose lambda differs by less than
the second as a factor (docs/design.md)."""
ROUNDING_START = 0.5  # times lambda, where its first search begins: weights by pictures cost fewer bits
ROUNDING_SLOPE = -0.15  # of log size over log lambda around aims: -0.1 to -0.3
FOLLOWED = 3.0  # power of the size by which lambda follows it while pictures round
FINE_TOLERANCE = 0.006  # of the last search, where sizes follow lambda closely
SYNTHESIS_HIDDEN = 8


class Job:
    """A voxelised scene and its fit."""

    def __init__(self, source: Source, plan: Plan, meter: Meter, before: Job | None = None) -> None:
        """before: a job on the same scene whose networks may be taken over."""
        kept, grid = source.fill(plan.leaves, plan.depth)
        self.plan, self.kept = plan, len(kept)
        self.meter = meter
        self.scene = source.voxelise(kept, grid, plan.sh_degree)
        self._source, given = source, source.given
        low, high = given.take(np.isfinite(given.positions).min(axis=1)).bounding_box
        header = Header(
            sh_degree=plan.sh_degree,
            depth=plan.depth,
            lookahead=LOOKAHEAD,
            leaves=len(self.scene),
            source_gaussians=len(given),
            origin=grid.origin,
            voxel=grid.voxel,
            bounding_box=(*low.tolist(), *high.tolist()),
            hidden=(*plan.hidden, 0),
            antialiased=given.antialiased,
            has_basis=plan.has_basis,
            coordinates=given.coordinates,
            contraction=(*grid.centre, grid.scale) if grid.contracted else None,
        )
        self.fit = Fit(self.scene, gaussian_weights(self.scene.weights), header, meter)
        self._influence: Influence | None = None  # of each Gaussian on pictures, once retrained
        self.lmbda, self.reached = FIRST_LAMBDA, 0  # where searches begin; bytes there
        self._slope = USUAL_SLOPE  # of log size over log lambda, as the last search found it
        self._imbalance: float | None = None  # before any retraining, once measured
        self.preference = 1.0  # times as many Gaussians as formulas ask for, by trials
        self.promise: float | None = None  # dB of the pictures held out, once tried out
        if before is not None:
            self.lmbda, self._slope = before.lmbda, before._slope
            self.fit.learn_from(before.fit)
        self._channels = channels_of(plan.sh_degree)

    def retrain(self, preset: Preset) -> None:
        """Lets the attributes take over from what was pruned, and aims the fit at the outcome."""
        pictures, antialiased, n = self._source.pictures, self._source.given.antialiased, len(self.scene)
        if pictures is None or self.meter.stopped:
            return
        self._hurt(preset)  # remembered, for it is not to be had once this has learnt
        self.meter.enter("retrain")
        self.scene = retrain(self.scene, pictures, preset.retraining_iterations, antialiased,
                             lambda: self.meter.retrained(n, self._channels))  # fmt: skip
        splats = Leaves(self.scene).splats(antialiased)
        self._influence, opacities = pictures.influence(splats), splats.opacities.detach().numpy()
        self.fit.aim(self.scene, influence_weights(self._influence, opacities))

    def _work(self, preset: Preset, walks: int) -> float:
        pictured = self._source.pictures is not None
        return fit_work(preset, len(self.scene), self.plan.sh_degree, walks, pictured=pictured)

    def fit_at(self, lmbda: float, preset: Preset) -> Candidate:
        """Fits at one lambda."""
        self.lmbda = lmbda
        self.meter.plan(self._work(preset, preset.rounds + 2))
        self.retrain(preset)
        self.meter.enter("fit")
        self.fit.code(lmbda)
        self._rounds(preset, lmbda, lambda size: lmbda)
        if not self.fit.knows:  # stopped before the first round
            self._lesson(preset)
        if self._sees:
            return self.fit.code_towards(*self._round(preset, lmbda, Rates(lambda _: lmbda, lambda x, _: x)))
        return self.fit.code(lmbda)

    def _rounds(self, preset: Preset, lmbda: float, follow: Callable[[int], float]) -> None:
        """Rounds of choosing and learning. follow: lambda from the size reached."""
        for _ in range(preset.rounds):
            if self.meter.stopped:
                return
            lmbda = follow(len(self.fit.code(lmbda).data))
            self.meter.distortion = self.fit.distortion()
            self.fit.learn(preset.base_iterations, preset.harmonic_iterations)
            if preset.synthesis_iterations:
                self.fit.learn_synthesis(lmbda, preset.synthesis_iterations, SYNTHESIS_HIDDEN)

    def warm_up(self, size: int, preset: Preset) -> None:
        """Lets networks know the scene roughly, and finds the lambda near the size."""
        self.meter.plan(self._work(preset, preset.rounds + SEARCHES * USUAL_WALKS))
        self.meter.enter("warm up")
        for lesson in range(LESSONS):
            if lesson or not self.fit.knows:
                self._lesson(preset)
            self.lmbda, self.reached = self.search(size, self.lmbda, COARSE_WALKS, COARSE_TOLERANCE, span=KNOWN)
            found = size * (1 - COARSE_TOLERANCE) <= self.reached <= size
            if found or is_finest(self.lmbda) or is_coarsest(self.lmbda) or self.meter.stopped:
                break

    def _lesson(self, preset: Preset) -> None:
        """Half a round of the networks, on latents of the lambda that was found last."""
        self.fit.code(self.lmbda)
        self.fit.learn(preset.base_iterations // 2, preset.harmonic_iterations // 2)

    def try_out(self, size: int, preset: Preset) -> float:
        """PSNR of the pictures held out after a short retraining, at the size; what was learnt, a fit goes on from."""
        self.retrain(replace(preset, retraining_iterations=preset.trial_iterations))
        self.meter.enter("try out")
        self._lesson(preset)
        self.approach(size)
        return -10 * math.log10(self.error())

    def approach(self, size: int) -> None:
        """Finds the lambda of a size more closely than a warm-up does."""
        self.lmbda, self.reached = self.search(size, self.lmbda, FINE_WALKS)

    def imbalance(self) -> float:
        """How many times larger the error of a picture is that pruning and voxels made, before any retraining, than
        the one that coding adds at the lambda that was found; 1 where there are no pictures or no merge."""
        if self._imbalance is None:
            self._imbalance = self._measured_imbalance()
        return self._imbalance

    def _hurt(self, preset: Preset) -> float:
        """Imbalance by which what has learnt before learns again; the usual one where that is not worth measuring."""
        return self.imbalance() if self._source.learnt and preset.thorough else USUAL_IMBALANCE

    def _measured_imbalance(self) -> float:
        pictures = self._source.pictures
        if pictures is None or len(self.scene) < 2:
            return 1.0
        self.fit.code(self.lmbda)
        whole = Splats.in_own_axes(self._source.cleaned)
        voxels = Leaves(self.scene).splats(self._source.given.antialiased)
        coded = self._decoded()
        pruning = coding = 0.0
        with torch.no_grad():
            for picture in pictures.short_exam:
                wanted, lost, seen = (picture.drawn(splats) for splats in (whole, voxels, coded))
                pruning += float((lost - wanted).square().sum())
                coding += float((seen - lost).square().sum())
        return pruning / max(coding, 1e-30)

    def error(self) -> float:
        """Squared error of the pictures held out, coded at the lambda that was found; for a scene that has pictures."""
        self.fit.code(self.lmbda)
        return self._error(short=False)

    def search(self, size: int, start: float, walks: int, tolerance: float = TOLERANCE, aim: Aim | None = None,
               span: float = math.inf) -> tuple[float, int]:  # fmt: skip
        """Lambda and size of the largest stream tried that is within the size; around an aim, if there is one."""
        code = self.fit.code if aim is None else partial(self.fit.code_towards, aim)
        slope = self._slope if aim is None else ROUNDING_SLOPE
        found = search_lambda(lambda x: len(code(x).data), size, start, walks, tolerance, slope, span)
        if aim is None:
            self._slope = found.slope
        return found.lmbda, found.size

    def refine(self, size: int, preset: Preset) -> Candidate:
        """Retraining, rounds of choosing and learning, then the stream just below the size, after a warm-up."""
        lmbda: float = self.lmbda
        preset = preset.for_leaves(self.plan.leaves, self._source.learnt, self._hurt(preset))
        self.meter.plan(self._work(preset, preset.rounds + (SEARCHES - 1) * USUAL_WALKS))
        self.retrain(preset)
        self.meter.enter("fit")

        def follow(reached: int) -> float:
            nonlocal lmbda
            lmbda *= (reached / (size * (1 - TOLERANCE / 2))) ** 2.5
            lmbda = min(max(lmbda, LAMBDA_RANGE[0]), LAMBDA_RANGE[1])
            return lmbda

        self._rounds(preset, lmbda, follow)
        self.meter.enter("meet the size")
        if self._sees:
            self.fit.list_merges()
        # rounding fills what is left of the size, where its lambda has room to fall
        close = not self._sees or lmbda * ROUNDING_START**2 < LAMBDA_RANGE[0]
        plain = self._below(size, lmbda, FINE_TOLERANCE if close else TOLERANCE)
        if not self._sees or len(plain.data) > size:
            return plain
        rounded = self._rounded(size, preset, plain)
        if rounded is not None:
            return rounded
        return plain if close or self.meter.stopped else self._closer(size, plain)

    def _rounded(self, size: int, preset: Preset, plain: Candidate) -> Candidate | None:
        """The stream just below the size that pictures round, after the walk of one they do not; None where that is no
        better."""
        expected, lmbda = error_with(size, len(plain.data), self._error(short=True)), plain.lmbda
        wanted = size * (1 - FINE_TOLERANCE / 2)
        rates = Rates(
            lambda aim: self.search(size, lmbda * ROUNDING_START, FIRST_WALKS, FINE_TOLERANCE, aim)[0],
            lambda x, reached: x * (reached / wanted) ** FOLLOWED,
        )
        aim, last = self._round(preset, lmbda, rates)
        self.meter.enter("meet the size")
        last, _ = self.search(size, last, FIRST_WALKS, FINE_TOLERANCE, aim)
        rounded = self.fit.code_towards(aim, last)
        return rounded if len(rounded.data) <= size and self._error(short=True) < expected else None

    def _closer(self, size: int, plain: Candidate) -> Candidate:
        """The larger of a stream and one that is searched more closely, within the size."""
        closer = self._below(size, plain.lmbda, FINE_TOLERANCE)
        return closer if len(plain.data) <= len(closer.data) <= size else plain

    def _below(self, size: int, start: float, tolerance: float) -> Candidate:
        """The stream just below the size that pictures do not round, or the smallest found."""
        return self.fit.code(self.search(size, start, FINE_WALKS, tolerance)[0])

    def _error(self, *, short: bool) -> float:
        """Of the last walk, by the pictures held out or some of them."""
        assert self._source.pictures is not None
        return self._source.pictures.error(self._decoded(), short=short)

    def _decoded(self) -> Splats:
        """What a decoder draws after the last walk."""
        return self._drawing().splats_of(self.fit.decoded_attributes())

    def _drawing(self) -> Drawing:
        return Drawing(self.scene, self.fit.basis, self._source.given.antialiased)

    @property
    def _sees(self) -> bool:
        """Whether there is something to round by pictures, pictures, and time."""
        return self._source.pictures is not None and len(self.scene) > 1 and not self.meter.stopped

    def _round(self, preset: Preset, lmbda: float, rates: Rates) -> tuple[Aim, float]:
        """What the latents should be by the pictures, and the lambda that it came to."""
        assert self._source.pictures is not None and self._influence is not None
        self.meter.enter("round")
        iterations = int(RELEARN_SHARE * preset.base_iterations), int(RELEARN_SHARE * preset.harmonic_iterations)
        schedule = Schedule(
            turns=preset.turns,
            batch=preset.batch,
            probes=preset.probes,
            influence=self._influence,
            learn_every=LEARN_EVERY,
            learn=lambda: self.fit.learn(*iterations),
            looked=lambda: self.meter.retrained(len(self.scene), self._channels),
        )
        return round_by_pictures(self.fit, self._drawing(), self._source.pictures, lmbda, rates, schedule)
