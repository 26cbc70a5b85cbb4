"""One scene under one encoder: walks that choose latents, networks that learn them."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from ralhe.bitstream import Header, assemble
from ralhe.core import Encoder, Merges
from ralhe.fit.meter import Meter
from ralhe.fit.network_weights import search_exponents
from ralhe.fit.objective import channel_importance, channel_steps, step_shape
from ralhe.fit.synthesis import LeafErrors, leaf_errors, quantise_if_it_pays, train_synthesis
from ralhe.fit.training import side_by_side, train
from ralhe.gaussians import Array
from ralhe.model.entropy_model import TENSORS, EntropyModel, network_shapes
from ralhe.model.hierarchy import latent_curvature, latent_gradient
from ralhe.model.synthesis import Synthesis
from ralhe.parameters import Integers, Parameters, QuantisedTensor, roots_of, step_codes, steps_of
from ralhe.prepare import Voxelised, attributes_of, harmonic_basis, in_basis
from ralhe.prepare.attributes import BASE_CHANNELS, HARMONICS, OPACITY, SHAPE
from ralhe.prepare.importance import Weights

RECORDED_MERGES = 150_000
FINE = 11  # exponent of networks while they are still learning


@dataclass(frozen=True)
class Candidate:
    """A stream and what it was made with."""

    data: bytes
    lmbda: float


@dataclass(frozen=True, eq=False)
class Aim:
    """What latents should be, and what it costs to miss them."""

    wanted: Array  # [N - 1, channels] real-valued latents, in coding order
    curvature: Array  # [N - 1, channels] distortion of missing by one


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
        if self._merges < 1:
            for model in self._models:
                model.silence()
        self._rounds = 0
        self._synthesis: tuple[QuantisedTensor, ...] = ()
        self._synthesis_model: Synthesis | None = None
        self._codes: Integers  # of the steps of the last `code`
        self._merge_list: Merges  # of every walk of this scene, once `closed_loop_aim` has been asked for
        self._listing = False  # whether walks list their merges
        self._last: tuple[float, Aim | None, Candidate] | None = None  # walk, if the networks are still the same

    def _aim(self, scene: Voxelised, weights: Weights) -> None:
        """Makes the attributes of a scene in the same voxels what the walks to come should reach."""
        self._attributes, self._weights, self._last = attributes_of(scene), weights, None
        self._basis: Integers = np.zeros(0, np.int32)
        if self._header.has_basis:
            basis = harmonic_basis(self._attributes, weights[:, 1])
            self._attributes, self._basis = in_basis(self._attributes, basis), basis.reshape(-1)
        self._root: Array = self._encoder.set_targets(self._attributes, weights)

    @property
    def basis(self) -> Integers:
        """[3 * K * K] of the harmonics in 127ths; empty where they have none of their own."""
        return self._basis

    def aim(self, scene: Voxelised, weights: Weights) -> None:
        """Takes other attributes of the same voxels, with weights [N, 3] of their squared errors."""
        self._synthesis_model = None
        self._use_synthesis((), 0)
        self._aim(scene, weights)

    @property
    def knows(self) -> bool:
        """Whether the entropy networks have learnt anything."""
        return self._rounds > 0

    def learn_from(self, other: Fit) -> None:
        """Takes over the entropy networks of another fit where they have the same shapes."""
        if self._merges > 0 and [m.shape for m in self._models] == [m.shape for m in other._models]:
            self._models, self._exponents = copy.deepcopy(other._models), list(other._exponents)
            self._rounds, self._last = other._rounds, None

    def code(self, lmbda: float) -> Candidate:
        """The stream at a lambda under the networks as they are."""
        return self._walk(lmbda, None)

    def _walk(self, lmbda: float, aim: Aim | None) -> Candidate:
        """Searches end where they have just been, so the last walk is kept."""
        if self._last is not None and self._last[:2] == (lmbda, aim):
            return self._last[2]
        if aim is None:
            self._encoder.aim_at_targets()
            self._codes = step_codes(channel_steps(self._attributes.shape[1], lmbda))
            self._use_header(replace(self._header, step_shape=step_shape(self._header.leaves, lmbda)))
        else:
            self._encoder.aim_latents(aim.wanted, aim.curvature)
        networks = tuple(m.quantised(e) for m, e in zip(self._models, self._exponents, strict=True))
        roots = roots_of(self._root, self._codes)
        parameters = Parameters(self._codes, roots, networks, self._basis, self._synthesis)
        learnt = lmbda if self._rounds else 0.0  # networks that know nothing cannot tell what a latent costs
        walked = self._encoder.walk(parameters.flat(), self._importance, learnt, self._stride)
        data = assemble(self._header, walked.parameters, self._geometry, walked.attributes)
        candidate = Candidate(data, lmbda)
        self._meter.walked(self._merges, self._attributes.shape[1], len(candidate.data))
        self._last = lmbda, aim, candidate
        return candidate

    def learn(self, base_iterations: int, harmonic_iterations: int) -> None:
        """Trains the networks on the latents of the last walk."""
        if self._merges < 1:
            return
        recorded = self._encoder.recorded()
        latents = torch.from_numpy(recorded.latents.astype(np.float32))
        inputs = (torch.from_numpy(recorded.base_inputs), torch.from_numpy(recorded.harmonic_inputs))
        parts = (latents[:, :BASE_CHANNELS], latents[:, HARMONICS])
        iterations = (base_iterations, harmonic_iterations)

        def learn_one(i: int) -> None:
            model = self._models[i]
            if self._rounds == 0:
                model.start_from(parts[i])
            train(model, inputs[i], parts[i], self._merges, iterations[i], self._meter.trained, self._rounds)
            start = self._exponents[i] if self._rounds > 1 else None
            self._exponents[i] = search_exponents(model, inputs[i], parts[i], self._merges, start)

        side_by_side(learn_one, len(self._models))
        self._rounds, self._last = self._rounds + 1, None

    def distortion(self) -> float:
        """Weighted squared error per Gaussian of the last walk, synthesis included."""
        decoded, inputs = self._encoder.decoded()
        leaves = self._leaves(decoded, inputs)
        return float(leaves.distortion(torch.from_numpy(self._corrections(inputs)))) / len(leaves.wanted)

    def learn_synthesis(self, lmbda: float, iterations: int, hidden: int) -> None:
        """Trains the synthesis network on the last walk; it is dropped where it does not pay for its weights."""
        leaves = self._leaves(*self._encoder.decoded())
        model = self._synthesis_model
        if model is None:
            model = Synthesis(leaves.inputs.shape[1], hidden, leaves.wanted.shape[1])
        side_by_side(lambda _: train_synthesis(model, leaves, iterations, self._meter.trained), 1)
        tensors = quantise_if_it_pays(model, leaves, lmbda)
        if tensors:
            model.load(tensors)
        self._synthesis_model = model if tensors else None
        self._use_synthesis(tensors, hidden if tensors else 0)

    def list_merges(self) -> None:
        """Walks to come list all merges, as `closed_loop_aim` wants them: it need not repeat the last of them."""
        if not self._listing:
            self._encoder.list_merges()
            self._stride, self._last, self._listing = 1, None, True

    def closed_loop_aim(self, lmbda: float) -> Aim:
        """What the closed loop aims at, merge by merge, after a walk; walks to come may take other aims."""
        self.list_merges()
        self.code(lmbda)
        self._merge_list = self._encoder.merges()
        return Aim(self._merge_list.wanted, self._merge_list.curvature)

    def code_towards(self, aim: Aim, lmbda: float) -> Candidate:
        """The stream whose latents are around the aims, at the steps of the last `code`."""
        return self._walk(lmbda, aim)

    def latents(self) -> Array:
        """[N - 1, channels] that the last walk chose, after `closed_loop_aim`."""
        return self._encoder.latents().astype(np.float32)

    def latent_gradient(self, leaves: Array) -> Array:
        """[N - 1, channels] slopes by latent from slopes by attribute [N, channels]."""
        return latent_gradient(self._merge_list, steps_of(self._codes), leaves)

    def latent_curvature(self, leaves: Array) -> Array:
        """The same for curvatures."""
        return latent_curvature(self._merge_list, steps_of(self._codes), leaves)

    def decoded_attributes(self) -> Array:
        """[N, channels] as a decoder has them after the last walk, synthesis included."""
        decoded, inputs = self._encoder.decoded()
        return (decoded + self._corrections(inputs) * steps_of(self._codes)).astype(np.float32)

    def _corrections(self, inputs: Array) -> Array:
        """[N, channels] of the synthesis network, in steps."""
        if not self._synthesis or self._synthesis_model is None:
            return np.zeros((len(inputs), self._attributes.shape[1]), np.float32)
        with torch.no_grad():
            return np.asarray(self._synthesis_model(torch.from_numpy(inputs)).numpy())

    def _leaves(self, decoded: Array, inputs: Array) -> LeafErrors:
        return leaf_errors(decoded, inputs, self._attributes, steps_of(self._codes), self._error_weights())

    def _error_weights(self) -> npt.NDArray[np.float64]:
        """[N, D] weights of squared errors."""
        classes = np.ones(self._attributes.shape[1], np.intp)  # of colours, harmonics among them
        classes[OPACITY], classes[SHAPE] = 0, 2
        return self._weights[:, classes] * self._importance

    def _use_synthesis(self, tensors: tuple[QuantisedTensor, ...], width: int) -> None:
        self._use_header(replace(self._header, hidden=(*self._header.hidden[:2], width)))
        self._synthesis, self._last = tensors, None

    def _use_header(self, header: Header) -> None:
        """Takes another header for the same leaves."""
        if header.pack() != self._header.pack():
            self._encoder.reopen(header.pack())
        self._header = header
