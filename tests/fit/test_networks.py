"""Which weights a stream carries: grids of least bits in all, and a synthesis network only where it pays."""

from __future__ import annotations

import copy

import pytest
import torch

from ralhe.fit.network_weights import search_exponents, weight_bits
from ralhe.fit.synthesis import LeafErrors, quantise_if_it_pays, train_synthesis
from ralhe.fit.training import train
from ralhe.model.entropy_model import TENSORS, EntropyModel, network_shapes
from ralhe.model.synthesis import Synthesis
from tests.scenes import surface_codes
from tests.streams import make_stream

N, INPUTS, CHANNELS = 2000, 22, 10


def leaves(predictable: bool) -> LeafErrors:
    """Errors of leaves that follow from the inputs, or from nothing."""
    random = torch.Generator().manual_seed(1)
    inputs = torch.randn(N, INPUTS, generator=random)
    wanted = 2 * inputs[:, :CHANNELS] if predictable else torch.randn(N, CHANNELS, generator=random)
    return LeafErrors(inputs, wanted, torch.ones(N, CHANNELS))


@pytest.mark.parametrize("predictable", [True, False])
def test_a_synthesis_network_is_kept_where_it_pays(predictable: bool) -> None:
    given = leaves(predictable)
    model = Synthesis(INPUTS, 20, CHANNELS)
    train_synthesis(model, given, 300, lambda: True)
    tensors = quantise_if_it_pays(model, given, lmbda=1.0)
    assert bool(tensors) is predictable
    if predictable:
        without = float(given.distortion(torch.zeros(N, CHANNELS)))
        model.load(tensors)
        with torch.no_grad():
            assert float(given.distortion(model(given.inputs))) + weight_bits(tensors) < 0.5 * without
        assert quantise_if_it_pays(model, given, lmbda=100.0) == ()


def test_exponents_are_no_worse_than_one_for_all() -> None:
    (shape,) = network_shapes(0, (8, 0))
    random = torch.Generator().manual_seed(2)
    inputs = torch.rand(N, shape.inputs, generator=random)
    latents = torch.round(8 * inputs[:, :1] * torch.randn(N, shape.channels, generator=random))
    model = EntropyModel(shape)
    model.start_from(latents)
    train(model, inputs, latents, 200, lambda: True, seed=0)

    def cost(exponents: dict[str, int]) -> float:
        tensors, trial = model.quantised(exponents), copy.deepcopy(model)
        trial.load(tensors)
        with torch.no_grad():
            return float(trial.mean_bits(inputs, latents)) * N + weight_bits(tensors)

    found = cost(search_exponents(model, inputs, latents, N))
    alike = [cost(dict.fromkeys(TENSORS, exponent)) for exponent in range(2, 16)]
    assert found <= min(alike) < 0.8 * max(alike)


@pytest.mark.parametrize("spread", [0.02, 0.1, 1.0])
def test_bits_of_weights_are_those_that_the_core_spends(spread: float) -> None:
    made = make_stream(surface_codes(300, 7), 7, 1, spread=spread, hidden=(24, 16, 8))
    networks = (*made.parameters.entropy, made.parameters.synthesis)
    told = sum(weight_bits(network) for network in networks)
    assert told == pytest.approx(8 * len(made.walked.parameters.data), rel=0.1)
