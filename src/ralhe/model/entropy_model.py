"""The entropy networks, as the core evaluates them (core/network.h), differentiable.

A network sees the context of a merge once; the latents of a channel join the hidden layer before the next channel
is predicted (a NADE: Larochelle and Murray 2011, conditioned on the context):

    h_0 = bias + x IN          h_{c+1} = h_c + squash(k_c)/2 BACK[c]
    (mu, s0, s1)_c = OUT_BIAS[c] + relu(h_c) OUT[c] + (x_pred, x_dev, x_last)_c SKIP[c]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ralhe.model.entropy_bits import Tensors, bits_and_slopes
from ralhe.model.stored_network import StoredNetwork
from ralhe.prepare.attributes import BASE_CHANNELS

GEOMETRY_INPUTS = 7

TENSORS = ("IN", "BIAS", "BACK", "OUT", "OUT_BIAS", "SKIP", "FLAG", "FLAG_BIAS")
GROUP_ENDS = {0: (), 1: (3, 9), 2: (3, 8, 14, 24), 3: (3, 8, 15, 21, 31, 45)}
"""Channels in groups that a flag can call all zero: luma by degree, then the chromas in runs as long as both bands."""
MAX_GROUPS = 6


@dataclass(frozen=True)
class Shape:
    """Sizes of an entropy network."""

    inputs: int
    hidden: int
    channels: int
    group_ends: tuple[int, ...] = ()  # () codes every channel; otherwise a flag for any, then one for each group
    has_skip: bool = False

    @property
    def flags(self) -> int:
        return len(self.group_ends) + 1 if self.group_ends else 0


class EntropyModel(StoredNetwork):
    """One network. Starts as static Laplace laws scaled by the local deviation."""

    TENSORS = TENSORS

    def __init__(self, shape: Shape, seed: int = 0) -> None:
        super().__init__()
        self.shape = shape
        generator = torch.Generator().manual_seed(seed)
        f, h, d = shape.inputs, shape.hidden, shape.channels

        def normal(*size: int, scale: float) -> nn.Parameter:
            return nn.Parameter(torch.randn(*size, generator=generator) * scale)

        self.IN = normal(f, h, scale=f**-0.5)
        self.BIAS = nn.Parameter(torch.zeros(h))
        self.BACK = normal(d, h, scale=0.2)
        self.OUT = nn.Parameter(torch.zeros(d, h, 3))
        self.OUT_BIAS = nn.Parameter(torch.zeros(d, 3))
        self.SKIP = nn.Parameter(torch.zeros(d if shape.has_skip else 0, 3, 3))
        self.FLAG = nn.Parameter(torch.zeros(shape.flags, h))
        self.FLAG_BIAS = nn.Parameter(torch.zeros(shape.flags))

    def silence(self) -> None:
        """All zero: what weighs least where nothing will be predicted."""
        with torch.no_grad():
            for tensor in self.parameters():
                tensor.zero_()

    def start_from(self, latents: Tensor) -> None:
        """Sets the biases to the mean size of latents [M, D] and shares of set flags."""
        with torch.no_grad():
            size = torch.log(latents.abs().mean(0) + 0.05)
            self.OUT_BIAS[:, 1] = size
            self.OUT_BIAS[:, 2] = size.clamp_min(-0.5)
            if self.shape.flags:
                share = self.flags_of(latents).float().mean(0).clamp(0.002, 0.998)
                self.FLAG_BIAS.copy_(torch.logit(share))

    def flags_of(self, latents: Tensor) -> Tensor:
        """[M, flags] whether any latent, and any of each group, is not zero."""
        starts = (0, *self.shape.group_ends)
        used = latents != 0
        groups = [used[:, a:b].any(1) for a, b in zip(starts, self.shape.group_ends, strict=False)]
        return torch.stack([used.any(1), *groups], 1)

    def mean_bits(self, inputs: Tensor, latents: Tensor) -> Tensor:
        """Bits of a merge in the mean over inputs [M, F] and float-valued integer latents [M, D], with its gradient to
        the tensors of the network."""
        first = torch.addmm(self.BIAS, inputs, self.IN)
        d = self.shape.channels if self.shape.has_skip else 0
        seen = inputs[:, GEOMETRY_INPUTS : GEOMETRY_INPUTS + 3 * d].reshape(len(inputs), 3, d).contiguous()
        tensors = (getattr(self, name) for name in TENSORS[2:])
        bits: Tensor = _Bits.apply(first, seen, latents, self.shape.group_ends, *tensors)  # type: ignore[no-untyped-call]
        return bits / len(latents)


class _Bits(torch.autograd.Function):
    """Bits of all latents [M, D] from the hidden layer [M, H] on; the forward pass keeps the slopes."""

    @staticmethod
    def forward(ctx: Any, first: Tensor, seen: Tensor, latents: Tensor, ends: tuple[int, ...],
                *tensors: Tensor) -> Tensor:  # fmt: skip
        arrays = (first.detach().numpy(), seen.numpy(), latents.numpy(), np.array(ends, np.int64))
        network = Tensors(*(tensor.detach().numpy() for tensor in tensors))
        bits, first_slopes, slopes = bits_and_slopes(*arrays, network)
        ctx.slopes = first_slopes, *slopes
        return first.new_tensor(bits)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        first, *tensors = (torch.from_numpy(slopes) * upstream for slopes in ctx.slopes)
        return first, None, None, None, *tensors


def network_shapes(sh_degree: int, hidden: tuple[int, int]) -> tuple[Shape, ...]:
    """The entropy networks of a scene: base channels, then harmonics where it has any."""
    base = Shape(GEOMETRY_INPUTS + 4 * BASE_CHANNELS, hidden[0], BASE_CHANNELS, has_skip=True)
    if sh_degree == 0:
        return (base,)
    ends = GROUP_ENDS[sh_degree]
    return base, Shape(GEOMETRY_INPUTS + 3 * BASE_CHANNELS + MAX_GROUPS, hidden[1], ends[-1], ends)
