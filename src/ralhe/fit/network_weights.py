"""What the weights of a network cost in a stream, and which grid each tensor of it is rounded to: fewer bits for the
network against more for the latents."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor

from ralhe.model.entropy_model import TENSORS, EntropyModel
from ralhe.parameters import EXPONENT_ONE, QuantisedTensor

FIRST_EXPONENT = 9  # a step of 1/32
BITS_OF_A_FOLD = 4.0  # of a weight, for each e-fold of it in such steps (docs/design.md)
SAMPLE = 80_000  # latents


def weight_bits(tensors: tuple[QuantisedTensor, ...]) -> float:
    """Bits of the tensors, near what the adaptive code of the core spends."""
    bits = 0.0
    for tensor in tensors:
        if not len(tensor.values):
            continue
        length = np.floor(np.log2(np.maximum(np.abs(tensor.values), 1))).astype(int)
        kinds = np.where(tensor.values == 0, 0, 1 + length)
        _, counts = np.unique(kinds, return_counts=True)
        entropy = -(counts * np.log2(counts / counts.sum())).sum()
        bits += 5 + entropy + float((length + (tensor.values != 0)).sum()) + 2 * len(counts)
    return bits


def smooth_weight_bits(model: EntropyModel) -> Tensor:
    """About the same before any rounding, smooth but at zero, where weights cost nothing; with its gradient."""
    weights = torch.cat([tensor.reshape(-1) for tensor in model.parameters()])
    return BITS_OF_A_FOLD * torch.log1p(weights.abs() * 2.0 ** (FIRST_EXPONENT - EXPONENT_ONE)).sum()


def search_exponents(model: EntropyModel, inputs: Tensor, latents: Tensor, merges: int,
                     start: dict[str, int] | None = None) -> dict[str, int]:  # fmt: skip
    """Exponents of least total bits for `merges` merges like the recorded ones.

    From one exponent for all (or from `start`), then tensor by tensor up and down as long as it pays.
    """
    rows = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(0))[: SAMPLE // latents.shape[1]]
    x, k, trial = inputs[rows], latents[rows], copy.deepcopy(model)
    known: dict[tuple[int, ...], float] = {}

    def cost(exponents: dict[str, int]) -> float:
        key = tuple(exponents.values())
        if key not in known:
            tensors = model.quantised(exponents)
            trial.load(tensors)
            with torch.no_grad():
                known[key] = float(trial.mean_bits(x, k)) * merges + weight_bits(tensors)
        return known[key]

    best = start or min((dict.fromkeys(TENSORS, e) for e in range(FIRST_EXPONENT - 2, FIRST_EXPONENT + 3)), key=cost)
    for name in TENSORS:
        for direction in (-1, 1):
            while 1 < best[name] < 16:
                other = best | {name: best[name] + direction}
                if cost(other) >= cost(best):
                    break
                best = other
    return best
