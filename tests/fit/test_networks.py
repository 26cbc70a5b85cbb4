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


def total_bits(model: EntropyModel, exponents: dict[str, int], inputs: torch.Tensor, latents: torch.Tensor) -> float:
    """Of all latents and of the weights on these grids."""
    tensors, trial = model.quantised(exponents), copy.deepcopy(model)
    trial.load(tensors)
    with torch.no_grad():
        return float(trial.mean_bits(inputs, latents)) * len(latents) + weight_bits(tensors)


def learnt(merges: int) -> tuple[EntropyModel, torch.Tensor, torch.Tensor]:
    """A network after 200 iterations on N merges that stand for so many; the merges."""
    (shape,) = network_shapes(0, (8, 0))
    random = torch.Generator().manual_seed(2)
    inputs = torch.rand(N, shape.inputs, generator=random)
    latents = torch.round(8 * inputs[:, :1] * torch.randn(N, shape.channels, generator=random))
    model = EntropyModel(shape)
    model.start_from(latents)
    train(model, inputs, latents, merges, 200, lambda: True, seed=0)
    return model, inputs, latents


def test_exponents_are_no_worse_than_one_for_all() -> None:
    model, inputs, latents = learnt(N)
    found = total_bits(model, search_exponents(model, inputs, latents, N), inputs, latents)
    alike = [total_bits(model, dict.fromkeys(TENSORS, exponent), inputs, latents) for exponent in range(2, 16)]
    assert found <= min(alike) < 0.8 * max(alike)


def test_networks_learn_what_their_own_weights_cost() -> None:
    def cost(merges: int) -> tuple[float, float]:
        model, inputs, latents = learnt(merges)
        exponents = search_exponents(model, inputs, latents, N)
        return weight_bits(model.quantised(exponents)), total_bits(model, exponents, inputs, latents)

    (weights, total), (weights_for_many, total_for_many) = cost(N), cost(1000 * N)
    assert weights < 0.8 * weights_for_many
    assert total < total_for_many


@pytest.mark.parametrize("spread", [0.02, 0.1, 1.0])
def test_bits_of_weights_are_those_that_the_core_spends(spread: float) -> None:
    made = make_stream(surface_codes(300, 7), 7, 1, spread=spread, hidden=(24, 16, 8))
    networks = (*made.parameters.entropy, made.parameters.synthesis)
    told = sum(weight_bits(network) for network in networks)
    assert told == pytest.approx(8 * len(made.walked.parameters.data), rel=0.1)
