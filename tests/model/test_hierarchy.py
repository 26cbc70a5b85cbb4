"""Slopes of latents, aims, and the synthesis network in torch: all as the core has them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ralhe import bitstream
from ralhe.model.hierarchy import latent_curvature, latent_gradient
from ralhe.model.synthesis import Synthesis
from ralhe.parameters import steps_of
from tests.scenes import random_attributes, surface_codes
from tests.streams import SYNTHESIS_INPUTS, Made, channels_of, make_stream


def listed(made: Made, record_every: int = 1) -> Made:
    """The stream's encoder after a walk that lists every merge."""
    made.encoder.list_merges()
    made.encoder.walk(made.parameters.flat(), np.ones(channels_of(made.header.sh_degree)), 0.02, record_every)
    return made


def decoded_at(made: Made, latents: np.ndarray) -> np.ndarray:
    """[N, channels] leaves of given latents, by the core."""
    merges = made.encoder.merges()
    made.encoder.aim_latents(latents.astype(np.float32), np.full(latents.shape, 1e9, np.float32))
    listed(made)
    assert bool((made.encoder.recorded().latents == latents).all())
    assert merges.wanted.shape == latents.shape
    return made.encoder.decoded()[0].astype(np.float64)


@pytest.mark.parametrize("degree", [0, 1, 3])
def test_slopes_of_latents_are_those_of_the_core_s_leaves(degree: int) -> None:
    made = listed(make_stream(surface_codes(900, 8), 8, degree, record_every=1))
    latents = made.encoder.recorded().latents
    random = np.random.default_rng(degree)
    change = random.integers(-1, 2, latents.shape)
    leaves = random.normal(size=(len(made.codes), latents.shape[1])).astype(np.float32)
    slopes = latent_gradient(made.encoder.merges(), steps_of(made.parameters.step_codes), leaves)
    moved = decoded_at(made, latents + change) - decoded_at(made, latents)
    assert (slopes.astype(np.float64) * change).sum() == pytest.approx((leaves * moved).sum(), rel=1e-4)


def test_curvature_of_a_latent_is_that_of_the_leaves_it_moves() -> None:
    made = listed(make_stream(surface_codes(60, 5), 5, record_every=1))
    latents = made.encoder.recorded().latents
    leaves = np.random.default_rng(0).uniform(1, 2, (len(made.codes), 10)).astype(np.float32)
    curvature = latent_curvature(made.encoder.merges(), steps_of(made.parameters.step_codes), leaves)
    before = decoded_at(made, latents)
    for m in range(0, len(latents), 7):
        change = np.zeros_like(latents)
        change[m] = 1
        square = (leaves * (decoded_at(made, latents + change) - before) ** 2).sum(axis=0)
        np.testing.assert_allclose(square, curvature[m], rtol=1e-3)


def test_what_is_aimed_at_is_weighed_against_its_bits() -> None:
    made = listed(make_stream(surface_codes(400, 7), 7, record_every=1))
    wanted = np.full((len(made.codes) - 1, 10), 3.4, np.float32)
    seen = {}
    for curvature in (1e-9, 1e9):
        made.encoder.aim_latents(wanted, np.full(wanted.shape, curvature, np.float32))
        seen[curvature] = listed(made).encoder.recorded().latents
    assert np.abs(seen[1e-9]).mean() < 0.5
    assert bool((seen[1e9] == 3).all())


def test_new_targets_end_an_aim() -> None:
    made = listed(make_stream(surface_codes(400, 7), 7, record_every=1))
    before = made.encoder.recorded().latents
    attributes = random_attributes(len(made.codes), 10)
    made.encoder.set_targets(attributes, np.ones((len(made.codes), 3)))
    free = listed(made).encoder.recorded().latents
    made.encoder.aim_latents(np.zeros(before.shape, np.float32), np.full(before.shape, 1e9, np.float32))
    assert not listed(made).encoder.recorded().latents.any()
    made.encoder.set_targets(attributes, np.ones((len(made.codes), 3)))
    assert bool((listed(made).encoder.recorded().latents == free).all())


def test_every_row_is_written_once() -> None:
    made = listed(make_stream(surface_codes(500, 8), 8, record_every=1))
    merges = made.encoder.merges()
    n = len(made.codes)
    assert sorted(merges.upper.tolist()) == list(range(1, n))
    assert sorted(merges.leaf_rows.tolist()) == list(range(n))
    assert bool((merges.lower < merges.upper).all())
    assert bool(((merges.share > 0) & (merges.share < 1)).all())


def test_recording_every_merge_after_every_second_one() -> None:
    made = listed(make_stream(surface_codes(500, 8), 8, record_every=2), record_every=1)
    assert len(made.encoder.recorded().latents) == len(made.encoder.merges().wanted) == len(made.codes) - 1


@pytest.mark.parametrize("degree", [0, 2])
def test_synthesis_is_what_the_core_adds(degree: int) -> None:
    made = make_stream(surface_codes(600, 8), 8, degree, spread=0.4, hidden=(8, 8, 12))
    attributes, inputs = made.encoder.decoded()
    model = Synthesis(SYNTHESIS_INPUTS, 12, channels_of(degree))
    model.load(made.parameters.synthesis)
    with torch.no_grad():
        corrections = model(torch.from_numpy(inputs)).numpy() * steps_of(made.parameters.step_codes)
    decoded = bitstream.decode(made.data)
    np.testing.assert_allclose(decoded.opacity_logits, (attributes + corrections)[:, 0], rtol=1e-4, atol=1e-4)
    assert np.abs(corrections).max() > 1e-3


def test_a_new_synthesis_network_changes_nothing() -> None:
    model = Synthesis(SYNTHESIS_INPUTS, 8, 10)
    assert not model(torch.randn(50, SYNTHESIS_INPUTS)).any()
