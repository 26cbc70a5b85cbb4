"""One scene under one encoder: walks that choose latents, networks that learn them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from ralhe.bitstream import Header, assemble
from ralhe.core import Encoder, Walked
from ralhe.fit.meter import Meter
from ralhe.fit.network_weights import search_exponents
from ralhe.fit.objective import channel_importance, channel_steps, gaussian_weights
from ralhe.fit.training import side_by_side, train
from ralhe.gaussians import Array
from ralhe.model.entropy_model import TENSORS, EntropyModel, network_shapes
from ralhe.parameters import Integers, Parameters, roots_of, step_codes
from ralhe.parameters import Tensor as Quantised
from ralhe.prepare import Voxelised, attributes_of

RECORDED_MERGES = 150_000
FINE = 11  # exponent of networks while they are still learning
NO_BASIS: Integers = np.zeros(0, np.int32)


@dataclass(frozen=True)
class Candidate:
    """A stream and what it was made with."""

    data: bytes
    lmbda: float
    walked: Walked


class Fit:
    """Alternates between choosing latents (in the core) and training networks (in torch)."""

    def __init__(self, scene: Voxelised, header: Header, meter: Meter) -> None:
        self._header = header
        self._meter = meter
        self._encoder = Encoder(header.pack(), scene.codes, header.lookahead)
        self._geometry = self._encoder.geometry()
        self._attributes = attributes_of(scene)
        self._weights = gaussian_weights(scene.weights)
        self._root: Array = self._encoder.set_targets(self._attributes, self._weights)
        self._importance = channel_importance(self._attributes.shape[1])
        shapes = network_shapes(header.sh_degree, header.hidden[:2])
        self._models = [EntropyModel(shape, seed=i) for i, shape in enumerate(shapes)]
        self._exponents = [dict.fromkeys(TENSORS, FINE) for _ in shapes]
        self._stride = -(-len(scene) // RECORDED_MERGES)
        self._merges = len(scene) - 1
        self._rounds = 0
        self._synthesis: tuple[Quantised, ...] = ()
        self.best: Candidate | None = None

    def code(self, lmbda: float) -> Candidate:
        """The stream at a lambda under the networks as they are."""
        channels = self._attributes.shape[1]
        codes = step_codes(channel_steps(channels, lmbda))
        networks = tuple(m.quantised(e) for m, e in zip(self._models, self._exponents, strict=True))
        parameters = Parameters(codes, roots_of(self._root, codes), networks, NO_BASIS, self._synthesis)
        learnt = lmbda if self._rounds else 0.0  # networks that know nothing cannot tell what a latent costs
        walked = self._encoder.walk(parameters.flat(), self._importance, learnt, self._stride)
        candidate = Candidate(assemble(self._header, walked.parameters, self._geometry, walked.attributes), lmbda, walked)
        self._meter.walked(self._merges, channels, len(candidate.data))
        return candidate

    def learn(self, base_iterations: int, harmonic_iterations: int) -> None:
        """Trains the networks on the latents of the last walk."""
        if self._merges < 1:
            return
        recorded = self._encoder.recorded()
        latents = torch.from_numpy(recorded.latents.astype(np.float32))
        inputs = (torch.from_numpy(recorded.base_inputs), torch.from_numpy(recorded.harmonic_inputs))
        parts = (latents[:, :10], latents[:, 10:])
        iterations = (base_iterations, harmonic_iterations)

        def learn_one(i: int) -> None:
            model = self._models[i]
            if self._rounds == 0:
                model.start_from(parts[i])
            train(model, inputs[i], parts[i], iterations[i], lambda: self._meter.trained(i), self._rounds)
            start = self._exponents[i] if self._rounds > 1 else None
            self._exponents[i] = search_exponents(model, inputs[i], parts[i], self._merges, start)

        side_by_side(learn_one, len(self._models))
        self._rounds += 1

    def distortion(self) -> float:
        """Weighted squared error per Gaussian of the last walk."""
        decoded, _ = self._encoder.decoded()
        square = (decoded - self._attributes).astype(np.float64) ** 2
        channels = square.shape[1]
        classes = np.array([0, 1, 1, 1, 2, 2, 2, 2, 2, 2] + [1] * (channels - 10))
        return float((square * self._weights[:, classes] * self._importance).sum() / len(square))

    def with_synthesis(self, tensors: tuple[Quantised, ...], width: int) -> None:
        """Takes a synthesis network for the streams to come."""
        self._header = replace(self._header, hidden=(*self._header.hidden[:2], width))
        self._encoder.reopen(self._header.pack())
        self._synthesis = tensors
