"""Rounding by pictures: what it draws is what a decoder sees, and the stream looks better for it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from ralhe import bitstream
from ralhe.fit.drawing import Drawing, told_curvature
from ralhe.fit.fit import Aim
from ralhe.fit.job import Job
from ralhe.fit.meter import Meter
from ralhe.fit.pictures import Picture, Pictures, mean_error, take_pictures
from ralhe.fit.plan import Plan
from ralhe.fit.presets import PRESETS, Preset
from ralhe.fit.rounding import Rates, Schedule, round_by_pictures
from ralhe.fit.source import Source
from ralhe.gaussians import Array, Gaussians
from ralhe.prepare import clean
from ralhe.rasteriser import Splats, render
from ralhe.rasteriser.sensitivity import Influence
from tests.scenes import sphere

SIZE = 6_000
FAST = replace(PRESETS["fast"], base_iterations=100, harmonic_iterations=50, synthesis_iterations=50)


@pytest.fixture(scope="module")
def source() -> Source:
    """A sphere of overlapping Gaussians in harmonics of degree 1, with pictures."""
    scene = sphere(800, 1)
    scene = clean(replace(scene, log_scales=scene.log_scales + 1)).gaussians
    return Source.of(scene, scene, take_pictures(scene, None, 48))


def pictures_of(source: Source) -> Pictures:
    assert source.pictures is not None
    return source.pictures


def fitted(source: Source, preset: Preset, stop: threading.Event | None = None) -> tuple[Job, bytes]:
    """Everything kept, in at most SIZE bytes, with a basis of the harmonics."""
    job = Job(source, Plan(len(source.cleaned), 8, 1, (16, 8)), Meter(None, stop))
    job.warm_up(SIZE, preset)
    return job, job.refine(SIZE, preset).data


def weighed(pictures: Pictures, *weights: float) -> Pictures:
    """The same pictures, in turn of these weights."""
    lists = [[replace(p, weight=weights[i % len(weights)]) for i, p in enumerate(some)]
             for some in (pictures.learnt, pictures.judges)]  # fmt: skip
    return replace(pictures, learnt=tuple(lists[0]), judges=tuple(lists[1]))


def error(source: Source, decoded: Gaussians) -> float:
    pictures = pictures_of(source)
    return mean_error(Splats.of(decoded), pictures.judges)


@pytest.mark.parametrize("probes", [0, 100])
def test_rounding_by_pictures_looks_better_at_the_same_size(source: Source, probes: int) -> None:
    plain, rounded = (fitted(source, replace(FAST, turns=turns, probes=probes))[1] for turns in (0, 24))
    assert len(rounded) <= SIZE
    assert error(source, bitstream.decode(rounded)) < 0.85 * error(source, bitstream.decode(plain))


@pytest.mark.parametrize("probes", [0, 3])
def test_pictures_that_all_stand_for_larger_ones_change_nothing(source: Source, probes: int) -> None:
    preset, pictures = replace(FAST, turns=3, probes=probes), pictures_of(source)
    seen = Influence(*(4 * np.stack(pictures.seen)))
    large = Source.of(source.given, source.cleaned, replace(weighed(pictures, 4), seen=seen))
    assert fitted(large, preset)[1] == fitted(source, preset)[1]


def test_curvature_is_told_by_pictures_of_all_kinds(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, curvature = list[Picture](), Drawing.curvature

    def record(drawing: Drawing, attributes: Array, pictures: list[Picture], looked: Callable[[], bool]) -> Array:
        asked.extend(pictures)
        return curvature(drawing, attributes, pictures, looked)

    monkeypatch.setattr(Drawing, "curvature", record)
    fitted(source, replace(FAST, turns=1, probes=3))
    learnt = pictures_of(source).learnt
    assert asked == [learnt[0], learnt[(len(learnt) - 1) // 2], learnt[-1]]


def test_what_is_drawn_is_what_a_decoder_sees(source: Source) -> None:
    job, data = fitted(source, replace(FAST, turns=2))
    drawing = Drawing(job.scene, job.fit.basis, antialiased=False)
    attributes = drawing.tensor(job.fit.decoded_attributes()).requires_grad_()
    camera = pictures_of(source).all[0].camera
    drawn = render(drawing.splats(attributes), camera).colour
    with torch.no_grad():
        seen = render(Splats.of(bitstream.decode(data)), camera).colour
    assert len(job.fit.basis) == 27
    np.testing.assert_allclose(drawn.detach().cpu().numpy(), seen.numpy(), atol=2e-3)
    slopes = torch.autograd.grad(drawn.square().sum(), attributes)[0]
    assert bool((slopes.abs().sum(dim=0) > 0).all())


@pytest.mark.parametrize("measured", [False, True])
def test_curvature_tells_how_fast_an_error_grows(source: Source, measured: bool) -> None:
    """By channel, against the slope between two pictures an epsilon apart."""
    job, _ = fitted(source, replace(FAST, turns=0))
    drawing, pictures = Drawing(job.scene, job.fit.basis, antialiased=False), weighed(pictures_of(source), 1, 4)
    attributes = job.fit.decoded_attributes()
    decoded = drawing.tensor(attributes)
    if measured:
        predicted = drawing.curvature(attributes, pictures.all, lambda: True)
    else:
        splats = drawing.splats(decoded).to("cpu")
        predicted = told_curvature(pictures.influence(splats, every=1), splats.opacities, decoded.shape[1])
    random = np.random.default_rng(0)
    for channels in (slice(0, 1), slice(1, 4), slice(4, 10), slice(10, 19)):
        change = torch.zeros_like(decoded)
        change[:, channels] = drawing.tensor(random.choice([-0.02, 0.02], change[:, channels].shape))
        with torch.no_grad():
            pairs = ([p.weight**0.5 * render(drawing.splats(a), p.camera).colour for a in (decoded, decoded + change)]
                     for p in pictures.all)  # fmt: skip
            found = np.mean([float((one - two).square().sum()) for one, two in pairs])
        ratio = found / float((predicted[:, channels] * change[:, channels].cpu().numpy() ** 2).sum())
        assert (0.7 < ratio < 1.4) if measured else (0.3 < ratio < 3)


FINER = 0.02 * (0.002 / 0.01) ** (1 / 3)  # lambda of steps made anew where 0.02 found 0.002


@pytest.mark.parametrize(
    ("turns", "firsts", "lambdas"),
    [
        (4, [0.002], [0.02]),
        (15, [0.002, 0.002, 0.002], [0.02, FINER]),
        (15, [0.002, 1.0, 0.002, 0.002], [0.02, FINER, math.sqrt(0.02 * FINER)]),
    ],
    ids=["no time", "finer", "too fine at first"],
)
def test_steps_too_coarse_become_finer_where_there_is_time(
    source: Source, monkeypatch: pytest.MonkeyPatch, turns: int, firsts: list[float], lambdas: list[float]
) -> None:
    job, _ = fitted(source, replace(FAST, turns=0))
    asked, trained, closed_loop_aim = list[float](), list[int](), job.fit.closed_loop_aim

    def spy(lmbda: float) -> Aim:
        asked.append(lmbda)
        return closed_loop_aim(lmbda)

    monkeypatch.setattr(job.fit, "closed_loop_aim", spy)
    influence = pictures_of(source).influence(Splats.of(source.cleaned))
    schedule = Schedule(turns, 2, 0, influence, 15, lambda: trained.append(len(asked)), lambda: True)
    found = iter(firsts)
    rates = Rates(lambda _: next(found), lambda lmbda, _: lmbda)
    drawing = Drawing(job.scene, job.fit.basis, antialiased=False)
    aim, lmbda = round_by_pictures(job.fit, drawing, pictures_of(source), 0.02, rates, schedule)
    assert asked == pytest.approx(lambdas)
    assert trained == [len(lambdas)] * (len(lambdas) > 1)
    assert lmbda == 0.002
    assert len(job.fit.code_towards(aim, lmbda).data) > len(job.fit.code(0.02).data)


def test_stopping_still_meets_the_size(source: Source) -> None:
    stop = threading.Event()
    stop.set()
    _, data = fitted(source, replace(FAST, turns=1000), stop)
    assert len(data) <= SIZE
