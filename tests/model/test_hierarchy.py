"""The inverse transform and the synthesis network in torch are the core's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ralhe import bitstream
from ralhe.model.hierarchy import Hierarchy
from ralhe.model.synthesis import Synthesis
from ralhe.parameters import ROOT_DIVISOR, steps_of
from scenes import random_attributes, surface_codes
from streams import SYNTHESIS_INPUTS, Made, channels_of, make_stream

CPU = torch.device("cpu")


def listed(made: Made, record_every: int = 1) -> Made:
    """The stream's encoder after a walk that lists every merge."""
    made.encoder.list_merges()
    made.encoder.walk(made.parameters.flat(), np.ones(channels_of(made.header.sh_degree)), 0.02, record_every)
    return made


def transform_of(made: Made, latents: np.ndarray) -> np.ndarray:
    """[N, channels] leaves of latents, by torch."""
    steps = steps_of(made.parameters.step_codes)
    root = made.parameters.roots * steps / ROOT_DIVISOR
    hierarchy = Hierarchy(made.encoder.merges(), CPU)
    tensors = (torch.from_numpy(np.asarray(a, np.float32)) for a in (latents, steps, root))
    return hierarchy.leaves(*tensors).numpy()


@pytest.mark.parametrize("degree", [0, 1, 3])
def test_leaves_are_those_of_the_core(degree: int) -> None:
    made = listed(make_stream(surface_codes(900, 8), 8, degree, record_every=1))
    leaves = transform_of(made, made.encoder.recorded().latents)
    np.testing.assert_allclose(leaves, made.encoder.decoded()[0], rtol=1e-4, atol=1e-4)


def test_unrounded_latents_give_back_the_scene() -> None:
    codes = surface_codes(700, 8)
    wanted = random_attributes(len(codes), 10, seed=2)
    made = listed(make_stream(codes, 8, attributes=wanted, lmbda=0.0, record_every=1))
    latents = made.encoder.recorded().latents
    unrounded = made.encoder.merges().wanted
    closer = np.abs(transform_of(made, unrounded) - wanted).mean()
    assert closer <= np.abs(transform_of(made, latents) - wanted).mean()


def test_every_row_is_written_once() -> None:
    made = listed(make_stream(surface_codes(500, 8), 8, record_every=1))
    merges = made.encoder.merges()
    n = len(made.codes)
    assert sorted(merges.upper.tolist()) == list(range(1, n))
    assert sorted(merges.leaf_rows.tolist()) == list(range(n))
    assert bool((merges.lower < merges.upper).all())
    assert bool(((merges.share > 0) & (merges.share < 1)).all())
    for number in np.unique(merges.passes):
        rows = np.concatenate([merges.lower[merges.passes == number], merges.upper[merges.passes == number]])
        assert len(np.unique(rows)) == len(rows)


def test_gradients_reach_every_latent() -> None:
    made = listed(make_stream(surface_codes(200, 7), 7, record_every=1))
    hierarchy = Hierarchy(made.encoder.merges(), CPU)
    latents = torch.zeros(len(made.codes) - 1, 10, requires_grad=True)
    leaves = hierarchy.leaves(latents, torch.ones(10), torch.zeros(10))
    (leaves * torch.randn(leaves.shape, generator=torch.Generator().manual_seed(0))).sum().backward()
    assert latents.grad is not None
    assert bool((latents.grad != 0).all())


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
