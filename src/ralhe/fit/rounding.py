"""Rounding by pictures: which integers the latents should be, judged by what the decoded scene looks like.

The walk of the core rounds each latent for an error of its own attribute. Here the error is that of pictures, to which
all latents contribute. Each has a real number that it aims at. In turn a few pictures are drawn of what is decoded now,
the aims move against the slope of the error (divided by its curvature: a step of Newton's, damped), and a walk chooses
integers anew for distortion + lambda * bits around the aims. An aim also falls back towards the integer that was
chosen, so that one whose best place lies between two integers comes to rest instead of going to and fro.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch

from ralhe.fit.drawing import Drawing, told_curvature
from ralhe.fit.fit import Aim, Fit
from ralhe.fit.pictures import Picture, Pictures, spread
from ralhe.gaussians import Array
from ralhe.rasteriser import Splats
from ralhe.rasteriser.sensitivity import Influence

RATE = 0.02  # of Newton's step at the start; falls to nothing
LEAK = 0.02  # of the way back to the integer
LONGEST = 3.0  # step of Newton's, in latents
LEAST_CURVATURE = 0.02  # of the mean of the channel: what is hardly seen should not run away
MEMORY, MEMORY_AHEAD = 0.7, 0.55  # of slopes, from one turn to the next; of those that are a turn old already
EXAMS, UNJUDGED = 6, 4  # times that the pictures held out judge a fit, and turns that go by without

BALANCE, FINER = 0.5, 1 / 3
"""Where the first lambda that meets the size is less than so much of the one that steps were made for, they are too
coarse, and are made anew for one nearer to it, by the cube root of the quotient (docs/design.md)."""

TOO_FINE, STEP_TRIES = 2.0, 4
"""Where the first lambda is more than so many times that of the new steps, these are too fine: the next try, of so many
at most, lies half-way back. Around aims sizes hardly follow lambda, so the quotient alone may overshoot by far."""


@dataclass(frozen=True)
class Schedule:
    """How long, and whom to tell."""

    turns: int
    batch: int  # pictures a turn
    probes: int  # pictures, at most, that curvatures are measured by; 0: told by the influence
    influence: Influence  # of each Gaussian on pictures, before it was coded
    learn_every: int  # turns from one training of the entropy networks to the next
    learn: Callable[[], None]
    looked: Callable[[], bool]  # called after each picture; False ends the work

    @property
    def ahead(self) -> bool:
        """Whether the pictures of a turn are drawn while the walk of the one before goes on, of what it walks from.

        The walk takes one core only; but over few turns, slopes a turn old cost more (docs/design.md).
        """
        return self.turns >= self.learn_every


@dataclass(frozen=True)
class Rates:
    """Which lambda a turn goes by."""

    first: Callable[[Aim], float]  # for the aims of the start
    follow: Callable[[float, int], float]  # the next one, from the last and the bytes it came to


def round_by_pictures(fit: Fit, drawing: Drawing, pictures: Pictures, lmbda: float, rates: Rates,
                      schedule: Schedule) -> tuple[Aim, float]:  # fmt: skip
    """The aims that come out most like the pictures held out, of those on the way, and the lambda that goes with them.

    lmbda: of the walk to start from.
    """
    fit.code(lmbda)
    bends = _bends(fit, drawing, pictures, schedule)
    aim, curvature = _first_aim(fit, lmbda, bends)
    first = rates.first(aim)
    if first < BALANCE * lmbda and schedule.turns >= schedule.learn_every:
        aim, curvature = _finer_aim(fit, lmbda, first, rates, bends)
        schedule.learn()
        first = rates.first(aim)
    lmbda, wanted, weights = first, aim.wanted, aim.curvature
    fit.code_towards(aim, lmbda)  # the search may have ended elsewhere
    latents, decoded = fit.latents(), fit.decoded_attributes()
    slopes = _Slopes(fit, drawing, pictures)
    best, least = (aim, lmbda), pictures.error(drawing.splats_of(decoded))
    if not schedule.turns:
        return best
    every = max(-(-schedule.turns // EXAMS), UNJUDGED)
    slope, going = slopes.after(decoded, schedule)
    with ThreadPoolExecutor(1) as walker:
        for turn in range(schedule.turns):
            newton = np.clip(slope / curvature, -LONGEST, LONGEST)
            wanted = wanted + LEAK * (latents - wanted) - RATE * (1 - turn / schedule.turns) * newton
            aim = Aim(wanted, weights)
            walk = walker.submit(fit.code_towards, aim, lmbda)
            last = turn + 1 == schedule.turns or not going
            if schedule.ahead and not last:
                slope, going = slopes.after(decoded, schedule)
            size = len(walk.result().data)
            latents, decoded = fit.latents(), fit.decoded_attributes()
            if last or (turn + 1) % every == 0:
                error = pictures.error(drawing.splats_of(decoded))
                if error < least:
                    best, least = (aim, lmbda), error
            if last:
                break
            if (turn + 1) % schedule.learn_every == 0:
                schedule.learn()
            lmbda = rates.follow(lmbda, size)
            if not schedule.ahead:
                slope, going = slopes.after(decoded, schedule)
    return best


def _bends(fit: Fit, drawing: Drawing, pictures: Pictures, schedule: Schedule) -> Array:
    """[N, channels] curvature of the squared error of a mean picture by attribute, around the last walk."""
    decoded = fit.decoded_attributes()
    if schedule.probes:
        return drawing.curvature(decoded, spread(pictures.learnt, schedule.probes), schedule.looked)
    splats = drawing.splats_of(decoded).to("cpu")
    return told_curvature(schedule.influence, splats.opacities, decoded.shape[1])


def _first_aim(fit: Fit, lmbda: float, bends: Array) -> tuple[Aim, Array]:
    """What the closed loop aims at with the steps of a lambda, and the curvature [N - 1, channels] by latent."""
    aim, latents = fit.closed_loop_aim(lmbda), fit.latents()
    out = fit.latent_curvature(bends)
    curvature = np.asarray(out + LEAST_CURVATURE * out.mean(axis=0) + 1e-30, np.float32)
    weights = curvature * (aim.curvature.sum(dtype=np.float64) / max(curvature.sum(dtype=np.float64), 1e-30))
    return Aim(latents + np.clip(aim.wanted - latents, -1, 1), weights), curvature


def _finer_aim(fit: Fit, lmbda: float, first: float, rates: Rates, bends: Array) -> tuple[Aim, Array]:
    """The same with finer steps than those of a lambda, whose own first lambda says that they are too coarse."""
    steps = lmbda * (first / (BALANCE * lmbda)) ** FINER
    for _ in range(STEP_TRIES):
        aim, curvature = _first_aim(fit, steps, bends)
        if rates.first(aim) <= TOO_FINE * steps:
            break
        steps = math.sqrt(steps * lmbda)
    return aim, curvature


class _Slopes:
    """How the squared error of a mean picture changes with each latent: a few pictures at a time, with a memory."""

    def __init__(self, fit: Fit, drawing: Drawing, pictures: Pictures) -> None:
        self._fit, self._drawing = fit, drawing
        self._waiting = _endless(pictures.learnt)
        self._sum: Array | float = 0.0
        self._weight = 0.0

    def after(self, decoded: Array, schedule: Schedule) -> tuple[Array, bool]:
        """[N - 1, channels] half the slope at attributes [N, channels], and whether to go on."""
        attributes, going = self._drawing.tensor(decoded).requires_grad_(), True
        splats = self._drawing.splats(attributes)
        made = splats.covariances, splats.opacities, splats.sh
        shapes, opacities, sh = leaves = [tensor.detach().requires_grad_() for tensor in made]
        drawn = Splats(splats.means, shapes, opacities, sh, splats.antialiased)
        for _ in range(schedule.batch):
            picture = next(self._waiting)
            (picture.weight * picture.squares(drawn)).backward()  # type: ignore[no-untyped-call]
            going = schedule.looked() and going
        torch.autograd.backward(made, [leaf.grad for leaf in leaves])
        gradient = attributes.grad if attributes.grad is not None else torch.zeros_like(attributes)
        news = self._fit.latent_gradient((gradient / (2 * schedule.batch)).cpu().numpy())
        memory = MEMORY_AHEAD if schedule.ahead else MEMORY
        self._sum = memory * self._sum + (1 - memory) * news
        self._weight = memory * self._weight + (1 - memory)
        return np.asarray(self._sum / self._weight, np.float32), going


def _endless(pictures: tuple[Picture, ...]) -> Iterator[Picture]:
    """All of them in random order, again and again."""
    random = np.random.default_rng(0)
    while True:
        for i in random.permutation(len(pictures)):
            yield pictures[i]
