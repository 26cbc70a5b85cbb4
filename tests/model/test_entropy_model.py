"""The networks that learn say what the core spends, and how it changes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from ralhe.bitstream import assemble
from ralhe.core import Decoder
from ralhe.fit.training import train
from ralhe.model.entropy_bits import LOG_SCALE_MAX, LOG_SCALE_MIN, Tensors, bits_and_slopes
from ralhe.model.entropy_model import GEOMETRY_INPUTS, TENSORS, EntropyModel, network_shapes
from ralhe.parameters import NUMBER_LIMIT, Parameters, QuantisedTensor, roots_of, step_codes, steps_of
from tests.scenes import random_attributes, surface_codes
from tests.streams import BASE_INPUTS, HARMONIC_INPUTS, Made, channels_of, make_stream

BASE_CLASSES = ("opacity", "colour", "shape")


def inputs_and_latents(made: Made) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """What each network saw in the last walk, and the latents it coded."""
    recorded = made.encoder.recorded()
    latents = torch.from_numpy(recorded.latents.astype(np.float32))
    inputs = [torch.from_numpy(recorded.base_inputs), torch.from_numpy(recorded.harmonic_inputs)]
    parts = [latents[:, :10], latents[:, 10:]]
    return [pair for pair in zip(inputs, parts, strict=True) if pair[1].shape[1]]


def learn_and_walk(made: Made, iterations: int, exponent: int) -> tuple[list[float], Decoder]:
    """Networks that know the stream a little: what they say of the bits of a second walk, and its stream."""
    models = [EntropyModel(shape, seed=5) for shape in network_shapes(made.header.sh_degree, made.header.hidden[:2])]
    for model, (inputs, latents) in zip(models, inputs_and_latents(made), strict=True):
        model.start_from(latents)
        train(model, inputs, latents, len(latents), iterations, lambda: True, seed=0)
    entropy = tuple(model.quantised(dict.fromkeys(TENSORS, exponent)) for model in models)
    parameters = replace(made.parameters, entropy=entropy)
    importance = np.ones(channels_of(made.header.sh_degree))
    walked = made.encoder.walk(parameters.flat(), importance, 0.02, record_every=1)
    for model, tensors in zip(models, entropy, strict=True):
        model.load(tensors)
    with torch.no_grad():
        pairs = zip(models, inputs_and_latents(made), strict=True)
        bits = [float(model.mean_bits(inputs, latents)) * len(latents) for model, (inputs, latents) in pairs]
    return bits, Decoder(assemble(made.header, walked.parameters, made.geometry, walked.attributes))


@pytest.mark.parametrize("degree", range(4))
@pytest.mark.parametrize(("iterations", "exponent"), [(60, 10), (150, 9)])
def test_bits_are_what_the_core_spends(degree: int, iterations: int, exponent: int) -> None:
    made = make_stream(surface_codes(1200, 8), 8, degree, record_every=1, hidden=(16, 12, 0))
    bits, stream = learn_and_walk(made, iterations, exponent)
    tally = stream.tally()
    assert bits[0] == pytest.approx(sum(tally[name] for name in BASE_CLASSES), rel=0.01)
    if degree:
        assert bits[1] == pytest.approx(tally["harmonics"], rel=0.01)
    written = 8 * sum(section.length for section in stream.info.sections if section.kind == "attributes")
    assert sum(bits) == pytest.approx(written, rel=0.01)


@pytest.mark.parametrize("scale", [0.1, 30.0])
def test_bits_of_small_and_large_latents(scale: float) -> None:
    codes = surface_codes(1000, 8)
    attributes = random_attributes(len(codes), 10) * np.float32(scale)
    bits, stream = learn_and_walk(make_stream(codes, 8, record_every=1, attributes=attributes), 60, 11)
    assert bits[0] == pytest.approx(sum(stream.tally().values()), rel=0.01)


def test_networks_have_the_sizes_the_core_asks_for() -> None:
    for degree in range(4):
        shapes = network_shapes(degree, (12, 20))
        assert [s.inputs for s in shapes] == [BASE_INPUTS, HARMONIC_INPUTS][: len(shapes)]
        tensors = [EntropyModel(s).quantised(dict.fromkeys(TENSORS, 10)) for s in shapes]
        made = make_stream(surface_codes(50, 5), 5, degree, hidden=(12, 20, 0))
        assert sum(s.channels for s in shapes) == channels_of(degree)
        flat = Parameters(made.parameters.step_codes, made.parameters.roots, tuple(tensors)).flat()
        assert len(flat) == made.encoder.parameter_count


@pytest.mark.parametrize("shift", [0.0, 0.3, -5.6, 200.0])
@pytest.mark.parametrize("scales", [(-3.0, -3.0), (0.0, 0.0), (1.5, 0.5), (4.0, 3.0)])
def test_probabilities_sum_to_one(shift: float, scales: tuple[float, float]) -> None:
    law = np.array([[shift, *scales]], np.float32)
    nothing = np.zeros((1, 1, 3), np.float32)
    network = Tensors(nothing[0, :, :1], nothing, law, nothing[:0], nothing[0, :0, :1], nothing[0, 0, :0])
    total = 0.0
    for k in range(-3000, 3001):
        latent = np.array([[k + round(shift)]], np.float32)
        bits, *_ = bits_and_slopes(nothing[0, :, :1], nothing[:, :0, :0], latent, np.zeros(0, np.int64), network)
        total += 2.0**-bits
    assert total == pytest.approx(1.0, abs=2e-3)


def bits_by_torch(model: EntropyModel, inputs: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
    """[M] the definition in `entropy_model`, every channel of all merges at once."""
    d, shape = model.shape.channels, model.shape
    squashed = torch.sign(latents) * torch.log2(1 + latents.abs()) * 0.5
    added = torch.cumsum(squashed[:, :, None] * model.BACK, 1)
    first = (inputs @ model.IN + model.BIAS)[:, None]
    seen = torch.relu(torch.cat([first, first + added], 1))  # [M, D + 1, H]
    laws = torch.einsum("mdh,dho->mdo", seen[:, :-1], model.OUT) + model.OUT_BIAS
    if shape.has_skip:
        skipping = inputs[:, GEOMETRY_INPUTS : GEOMETRY_INPUTS + 3 * d].reshape(-1, 3, d)
        laws = laws + torch.einsum("mid,dio->mdo", skipping, model.SKIP)
    cost = latent_bits_by_torch(laws, latents)
    if not shape.flags:
        return cost.sum(1)
    flags, ends = model.flags_of(latents), shape.group_ends
    logits = (seen[:, [0, 0, *ends[:-1]]] * model.FLAG).sum(2) + model.FLAG_BIAS
    cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits
    of_flags = cross_entropy(logits, flags.float(), reduction="none") / math.log(2)
    sizes = torch.tensor(np.diff([0, *ends]))
    coded = flags[:, 1:].repeat_interleave(sizes, 1)
    return of_flags[:, 0] + (of_flags[:, 1:] * flags[:, :1]).sum(1) + (cost * coded).sum(1)


def latent_bits_by_torch(laws: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
    """[M, D] of laws [M, D, 3]; the magnitude lets the gradient through to mu as if it were not rounded."""
    mu, (rate0, rate1) = laws[..., 0], torch.exp(-laws[..., 1:].clamp(LOG_SCALE_MIN, LOG_SCALE_MAX)).unbind(-1)
    shift = torch.floor(mu.detach() + 0.5)
    f, residual, distance = mu - shift, latents - shift, (latents - mu).abs()
    log_up, log_down = (-(0.5 - sign * f) * rate0 - math.log(2) for sign in (1, -1))
    zero = (1 - torch.exp(log_up) - torch.exp(log_down)).clamp_min(2.0**-12)
    side = torch.where(residual > 0, log_up, log_down).clamp_min(-11.0)
    size = residual.abs() - 1 + distance - distance.detach()
    magnitude = size * rate1 - torch.log1p(-torch.exp(-rate1).clamp_max(0.9999))
    return torch.where(residual == 0, -torch.log(zero), magnitude - side) / math.log(2)


@pytest.mark.parametrize("degree", range(4))
@pytest.mark.parametrize("spread", [0.3, 2.0, 40.0])
def test_bits_and_gradients_are_those_of_the_definition(degree: int, spread: float) -> None:
    generator = torch.Generator().manual_seed(degree)
    for seed, shape in enumerate(network_shapes(degree, (12, 4))):
        model = EntropyModel(shape, seed=seed)
        with torch.no_grad():
            for tensor in model.parameters():
                tensor.normal_(std=0.3, generator=generator)
        inputs = torch.randn(200, shape.inputs, generator=generator)
        sizes = spread * torch.rand(200, 1, generator=generator)
        latents = torch.round(sizes * torch.randn(200, shape.channels, generator=generator))
        latents *= torch.rand(200, shape.channels, generator=generator) < 0.5
        results = []
        for bits in (model.mean_bits(inputs, latents), bits_by_torch(model, inputs, latents).mean()):
            slopes = torch.autograd.grad(bits, [tensor for tensor in model.parameters() if tensor.numel()])
            results.append((float(bits.detach()), slopes))
        (mine, my_slopes), (theirs, their_slopes) = results
        assert mine == pytest.approx(theirs, rel=1e-5)
        for my_slope, their_slope in zip(my_slopes, their_slopes, strict=True):
            torch.testing.assert_close(my_slope, their_slope, rtol=1e-4, atol=1e-5 * float(their_slope.abs().max()))


def test_flags_say_which_groups_are_used() -> None:
    model = EntropyModel(network_shapes(1, (4, 4))[1])
    latents = torch.zeros(4, 9)
    latents[1, 2], latents[2, 8], latents[3] = 1, -3, 2
    expected = [[0, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1]]  # any, luma, chromas
    assert model.flags_of(latents).int().tolist() == expected


def test_start_makes_zeros_cheap() -> None:
    model = EntropyModel(network_shapes(2, (4, 4))[1])
    latents = torch.zeros(500, 24)
    inputs = torch.zeros(500, HARMONIC_INPUTS)
    with torch.no_grad():
        before = float(model.mean_bits(inputs, latents))
        model.start_from(latents)
        after = float(model.mean_bits(inputs, latents))
    assert after < 0.01 < before


def test_gradients_reach_every_tensor() -> None:
    for model, inputs in zip(
        [EntropyModel(s) for s in network_shapes(1, (4, 4))], (BASE_INPUTS, HARMONIC_INPUTS), strict=True
    ):
        generator = torch.Generator().manual_seed(0)
        latents = torch.randint(-3, 4, (64, model.shape.channels), generator=generator).float()
        with torch.no_grad():
            model.OUT.normal_(generator=generator)
            model.FLAG.normal_(generator=generator)
        torch.autograd.backward(model.mean_bits(torch.randn(64, inputs, generator=generator), latents))
        for name in TENSORS:
            tensor = getattr(model, name)
            assert tensor.numel() == 0 or float(tensor.grad.abs().max()) > 0, name


@pytest.mark.parametrize("exponent", [0, 4, 9, 16, 31])
def test_quantised_tensors_are_near(exponent: int) -> None:
    values = np.random.default_rng(exponent).normal(size=(7, 5))
    tensor = QuantisedTensor.of(values, exponent)
    step = 2.0 ** (4 - exponent)
    limit = NUMBER_LIMIT * step
    expected = np.clip(values, -limit, limit).reshape(-1)
    assert np.abs(tensor.floats - expected).max() <= step / 2 + 1e-6 * limit
    assert np.array_equal(QuantisedTensor.of(tensor.floats, exponent).values, tensor.values)


def test_load_takes_back_what_quantised_gave() -> None:
    model = EntropyModel(network_shapes(2, (8, 8))[1], seed=3)
    tensors = model.quantised(dict.fromkeys(TENSORS, 9))
    model.load(tensors)
    again = model.quantised(dict.fromkeys(TENSORS, 9))
    for name, before, after in zip(TENSORS, tensors, again, strict=True):
        assert np.array_equal(before.values, after.values), name
        assert np.array_equal(getattr(model, name).detach().numpy().reshape(-1), after.floats), name


def test_step_codes_are_sixteenths_of_an_octave() -> None:
    codes = np.arange(256, dtype=np.int32)
    assert np.array_equal(step_codes(steps_of(codes)), codes)
    assert steps_of(np.array([160, 176]))[:] == pytest.approx([1.0, 2.0])
    steps = np.array([0.013, 0.7, 11.0])
    assert np.abs(np.log2(steps_of(step_codes(steps)) / steps)).max() <= 1 / 32 + 1e-9
    assert step_codes(np.array([1e-9, 1e9])).tolist() == [0, 255]


def test_roots_are_within_a_thirtysecond_of_a_step() -> None:
    codes = np.array([100, 160, 200])
    means = np.array([0.1234, -3.21, 7.7])
    back = roots_of(means, codes) * steps_of(codes) / 16
    assert bool((np.abs(back - means) <= steps_of(codes) / 32 + 1e-9).all())
