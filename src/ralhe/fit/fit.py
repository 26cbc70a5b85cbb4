"""One scene under one encoder: walks that choose latents, networks that learn them."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ralhe.bitstream import Header, assemble
from ralhe.core import Encoder, Walked
from ralhe.fit.joint import JointProblem, optimise
from ralhe.fit.meter import Meter
from ralhe.fit.network_weights import search_exponents
from ralhe.fit.objective import channel_importance, channel_steps
from ralhe.fit.synthesis import Leaves, leaves_of, quantise_if_it_pays, train_synthesis
from ralhe.fit.training import side_by_side, train
from ralhe.gaussians import Array
from ralhe.model.entropy_model import TENSORS, EntropyModel, network_shapes
from ralhe.model.hierarchy import Hierarchy
from ralhe.model.synthesis import Synthesis
from ralhe.parameters import ROOT_DIVISOR, Integers, Parameters, roots_of, step_codes, steps_of
from ralhe.parameters import Tensor as Quantised
from ralhe.prepare import Voxelised, attributes_of, harmonic_basis, in_basis
from ralhe.prepare.importance import Weights

RECORDED_MERGES = 150_000
FINE = 11  # exponent of networks while they are still learning


@dataclass(frozen=True)
class Candidate:
    """A stream and what it was made with."""

    data: bytes
    lmbda: float
    walked: Walked


class Fit:
    """Alternates between choosing latents (in the core) and training networks (in torch)."""

    def __init__(self, scene: Voxelised, weights: Weights, header: Header, meter: Meter) -> None:
        """weights: [N, 3] of squared errors of opacity, colour and shape."""
        self._header = header
        self._meter = meter
        self._encoder = Encoder(header.pack(), scene.codes, header.lookahead)
        self._geometry = self._encoder.geometry()
        self._aim(scene, weights)
        self._importance = channel_importance(self._attributes.shape[1])
        shapes = network_shapes(header.sh_degree, header.hidden[:2])
        self._models = [EntropyModel(shape, seed=i) for i, shape in enumerate(shapes)]
        self._exponents = [dict.fromkeys(TENSORS, FINE) for _ in shapes]
        self._stride = -(-len(scene) // RECORDED_MERGES)
        self._merges = len(scene) - 1
        self._rounds = 0
        self._synthesis: tuple[Quantised, ...] = ()
        self._synthesis_model: Synthesis | None = None

    def _aim(self, scene: Voxelised, weights: Weights) -> None:
        """Makes the attributes of a scene in the same voxels what the walks to come should reach."""
        self._attributes, self._weights = attributes_of(scene), weights
        self._basis: Integers = np.zeros(0, np.int32)
        if self._header.has_basis:
            basis = harmonic_basis(self._attributes, weights[:, 1])
            self._attributes, self._basis = in_basis(self._attributes, basis), basis.reshape(-1)
        self._root: Array = self._encoder.set_targets(self._attributes, weights)

    def aim(self, scene: Voxelised, weights: Weights) -> None:
        """Takes other attributes of the same voxels, with weights [N, 3] of their squared errors."""
        self._synthesis_model = None
        self._use_synthesis((), 0)
        self._aim(scene, weights)

    def code(self, lmbda: float) -> Candidate:
        """The stream at a lambda under the networks as they are."""
        channels = self._attributes.shape[1]
        codes = self._codes = self._step_codes(lmbda)
        networks = tuple(m.quantised(e) for m, e in zip(self._models, self._exponents, strict=True))
        parameters = Parameters(codes, roots_of(self._root, codes), networks, self._basis, self._synthesis)
        learnt = lmbda if self._rounds else 0.0  # networks that know nothing cannot tell what a latent costs
        walked = self._encoder.walk(parameters.flat(), self._importance, learnt, self._stride)
        data = assemble(self._header, walked.parameters, self._geometry, walked.attributes)
        candidate = Candidate(data, lmbda, walked)
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
        """Weighted squared error per Gaussian of the last walk, synthesis included."""
        leaves = self._leaves()
        corrections = torch.zeros_like(leaves.wanted)
        if self._synthesis and self._synthesis_model is not None:
            with torch.no_grad():
                corrections = self._synthesis_model(leaves.inputs)
        return float(leaves.distortion(corrections)) / len(leaves.wanted)

    def learn_synthesis(self, lmbda: float, iterations: int, hidden: int) -> None:
        """Trains the synthesis network on the last walk; it is dropped where it does not pay for its weights."""
        leaves = self._leaves()
        model = self._synthesis_model
        if model is None:
            model = Synthesis(leaves.inputs.shape[1], hidden, leaves.wanted.shape[1])
        side_by_side(lambda _: train_synthesis(model, leaves, iterations, lambda: self._meter.trained(0), 0), 1)
        tensors, _ = quantise_if_it_pays(model, leaves, lmbda)
        if tensors:
            model.load(tensors)
        self._synthesis_model = model if tensors else None
        self._use_synthesis(tensors, hidden if tensors else 0)

    def optimise_jointly(self, lmbda: float, iterations: int) -> None:
        """Optimises latents and networks together; the optimised leaves become the targets of the walks to come.

        Kept only where distortion + lambda * rate falls: docs/design.md says how often that is.
        """
        if self._merges < 1:
            return
        before = self._cost(lmbda)
        kept = copy.deepcopy((self._models, self._synthesis_model))
        root = self._root
        self._optimise(lmbda, iterations)
        if self._cost(lmbda) >= before:
            self._models, self._synthesis_model = kept
            self._encoder.set_targets(self._attributes, self._weights)
            self._root = root
            self.code(lmbda)

    def _cost(self, lmbda: float) -> float:
        """Distortion + lambda * bits of a walk."""
        candidate = self.code(lmbda)
        return self.distortion() * (self._merges + 1) + lmbda * 8 * len(candidate.data)

    def _optimise(self, lmbda: float, iterations: int) -> None:
        self._encoder.list_merges()
        self._stride, stride = 1, self._stride
        self.code(lmbda)
        merges, recorded = self._encoder.merges(), self._encoder.recorded()
        start = recorded.latents + np.clip(0.5 * (merges.wanted - recorded.latents), -0.35, 0.35)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

        def tensor(array: npt.NDArray[np.generic]) -> Tensor:
            return torch.from_numpy(np.asarray(array, np.float32)).to(device)

        codes = self._step_codes(lmbda)
        problem = JointProblem(
            hierarchy=Hierarchy(merges, device),
            inputs=(tensor(recorded.base_inputs), tensor(recorded.harmonic_inputs)),
            steps=tensor(steps_of(codes)),
            root=tensor(roots_of(self._root, codes) * steps_of(codes) / ROOT_DIVISOR),
            original=tensor(self._attributes),
            weights=tensor(self._error_weights()),
            synthesis_inputs=tensor(self._encoder.decoded()[1]),
            curvature=tensor(merges.curvature),
            lmbda=lmbda,
        )
        models = [m.to(device) for m in self._models]
        synthesis = self._synthesis_model.to(device) if self._synthesis_model is not None else None
        latents = optimise(problem, tensor(start), models, synthesis, iterations,
                           lambda _: self._meter.optimised(self._merges, self._attributes.shape[1]), 0)  # fmt: skip
        for model in [*self._models, *([synthesis] if synthesis is not None else [])]:
            model.to("cpu")
        targets = problem.hierarchy.leaves(torch.round(latents), problem.steps, problem.root).cpu().numpy()
        self._root = self._encoder.set_targets(targets, self._weights)
        self._stride = stride

    def _leaves(self) -> Leaves:
        decoded, inputs = self._encoder.decoded()
        return leaves_of(decoded, inputs, self._attributes, steps_of(self._codes), self._error_weights())

    def _error_weights(self) -> npt.NDArray[np.float64]:
        """[N, D] weights of squared errors."""
        classes = np.array([0, 1, 1, 1, 2, 2, 2, 2, 2, 2] + [1] * (self._attributes.shape[1] - 10))
        return self._weights[:, classes] * self._importance

    def _step_codes(self, lmbda: float) -> Integers:
        return step_codes(channel_steps(self._attributes.shape[1], lmbda))

    def _use_synthesis(self, tensors: tuple[Quantised, ...], width: int) -> None:
        self._header = replace(self._header, hidden=(*self._header.hidden[:2], width))
        self._encoder.reopen(self._header.pack())
        self._synthesis = tensors
