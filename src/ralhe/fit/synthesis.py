"""Training of the synthesis network, and whether it pays."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ralhe.fit.network_weights import weight_bits
from ralhe.gaussians import Array
from ralhe.model.synthesis import TENSORS, Synthesis
from ralhe.parameters import QuantisedTensor

Float64 = npt.NDArray[np.float64]

BATCH = 4096
EXPONENTS = (6, 7, 8, 9)


@dataclass(frozen=True)
class LeafErrors:
    """What decoded leaves show of themselves, and how far they are from what they should have been."""

    inputs: Tensor  # [N, 22] of the synthesis network
    wanted: Tensor  # [N, D] original minus decoded, in steps
    weights: Tensor  # [N, D] of the squared errors, lambda-free units of distortion

    def distortion(self, corrections: Tensor) -> Tensor:
        """Weighted squared error in all."""
        return (self.weights * (self.wanted - corrections) ** 2).sum()


def train_synthesis(model: Synthesis, leaves: LeafErrors, iterations: int, step: Callable[[], bool]) -> None:
    """Adam with a cosine rate over random batches of leaves."""
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(iterations, 1))
    n = len(leaves.inputs)
    for _ in range(iterations):
        rows = torch.randint(n, (min(BATCH, n),), generator=generator)
        error = leaves.wanted[rows] - model(leaves.inputs[rows])
        loss = (leaves.weights[rows] * error**2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if not step():
            return


def quantise_if_it_pays(model: Synthesis, leaves: LeafErrors, lmbda: float) -> tuple[QuantisedTensor, ...]:
    """The network on the grid of least distortion + lambda * bits; () where it gains nothing over none."""
    trial = copy.deepcopy(model)
    best: tuple[QuantisedTensor, ...] = ()
    most = 0.0
    with torch.no_grad():
        without = float(leaves.distortion(torch.zeros_like(leaves.wanted)))
        for exponent in EXPONENTS:
            tensors = model.quantised(dict.fromkeys(TENSORS, exponent))
            trial.load(tensors)
            gain = without - float(leaves.distortion(trial(leaves.inputs))) - lmbda * weight_bits(tensors)
            if gain > most:
                best, most = tensors, gain
    return best


def leaf_errors(decoded: Array, inputs: Array, original: Array, steps: Float64, weights: Float64) -> LeafErrors:
    """From arrays of the core: decoded and original [N, D], inputs [N, 22], steps [D], weights [N, D] of errors."""
    wanted = (original - decoded) / steps
    tensors = (inputs, wanted, weights * steps**2)
    return LeafErrors(*(torch.from_numpy(t.astype(np.float32)) for t in tensors))
