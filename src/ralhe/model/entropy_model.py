"""The entropy networks, as the core evaluates them (core/network.h), differentiable.

A network sees the context of a merge once; the latents of a channel join the hidden layer before the next channel
is predicted (a NADE: Larochelle and Murray 2011, conditioned on the context):

    h_0 = bias + x IN          h_{c+1} = h_c + squash(k_c)/2 BACK[c]
    (mu, s0, s1)_c = OUT_BIAS[c] + relu(h_c) OUT[c] + (x_pred, x_dev, x_last)_c SKIP[c]
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ralhe.parameters import Tensor as Quantised

LOG_SCALE_MIN, LOG_SCALE_MAX = -3.5, 9.0
GEOMETRY_INPUTS = 7
LOG2E = 1.4426950408889634

TENSORS = ("IN", "BIAS", "BACK", "OUT", "OUT_BIAS", "SKIP", "FLAG", "FLAG_BIAS")
GROUP_ENDS = {0: (), 1: (3, 9), 2: (3, 8, 14, 24), 3: (3, 8, 15, 21, 31, 45)}
"""Channels in groups that a flag can call all zero: luma by degree, then the chromas in runs as long as both bands."""


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


class EntropyModel(nn.Module):
    """One network. Starts as static Laplace laws scaled by the local deviation."""

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

    def hidden_layers(self, inputs: Tensor, latents: Tensor) -> Tensor:
        """[M, D + 1, H] the hidden layer before each channel, and after the last.

        The sums over channels before are one product of matrices: with 10 channels three quarters of the time that
        running sums take, with 45 no more.
        """
        d, h = self.BACK.shape
        first = inputs @ self.IN + self.BIAS
        squashed = torch.sign(latents) * torch.log2(1 + latents.abs()) * 0.5
        before = torch.ones(d, d + 1).triu(1)
        added = squashed @ (before[:, :, None] * self.BACK[:, None]).reshape(d, (d + 1) * h)
        return first[:, None] + added.reshape(-1, d + 1, h)

    def laws(self, inputs: Tensor, hidden: Tensor) -> Tensor:
        """[M, D, 3] mu, s0, s1."""
        out = torch.einsum("mdh,dho->mdo", torch.relu(hidden[:, :-1]), self.OUT) + self.OUT_BIAS
        if self.shape.has_skip:
            d = self.shape.channels
            seen = inputs[:, GEOMETRY_INPUTS : GEOMETRY_INPUTS + 3 * d].reshape(-1, 3, d)
            out = out + torch.einsum("mid,dio->mdo", seen, self.SKIP)
        return out

    def bits(self, inputs: Tensor, latents: Tensor) -> Tensor:
        """[M] bits of float-valued integer latents [M, D]."""
        hidden = self.hidden_layers(inputs, latents)
        cost = latent_bits(self.laws(inputs, hidden), latents)
        if not self.shape.flags:
            return cost.sum(1)
        flags = self.flags_of(latents)
        return (cost * self._coded(flags)).sum(1) + self._flag_bits(inputs, hidden, flags)

    def _coded(self, flags: Tensor) -> Tensor:
        starts = (0, *self.shape.group_ends)
        sizes = [b - a for a, b in zip(starts, self.shape.group_ends, strict=False)]
        return flags[:, 1:].repeat_interleave(torch.tensor(sizes), 1).float()

    def _flag_bits(self, inputs: Tensor, hidden: Tensor, flags: Tensor) -> Tensor:
        at = [0, 0, *self.shape.group_ends[:-1]]
        logits = (torch.relu(hidden[:, at]) * self.FLAG).sum(2) + self.FLAG_BIAS
        bits = nn.functional.binary_cross_entropy_with_logits(logits, flags.float(), reduction="none") * LOG2E
        return bits[:, 0] + (bits[:, 1:] * flags[:, :1]).sum(1)

    def quantised(self, exponents: dict[str, int]) -> tuple[Quantised, ...]:
        """Tensors on their grids, in the core's order."""
        return tuple(
            Quantised.quantised(getattr(self, name).detach().cpu().numpy(), exponents[name]) for name in TENSORS
        )

    def load(self, tensors: tuple[Quantised, ...]) -> None:
        """Takes the values that the stream will carry."""
        with torch.no_grad():
            for name, tensor in zip(TENSORS, tensors, strict=True):
                mine = getattr(self, name)
                mine.copy_(torch.from_numpy(tensor.floats).reshape(mine.shape))


def latent_bits(laws: Tensor, latents: Tensor) -> Tensor:
    """Bits of integer latents under laws [..., 3] (core/network.h): r = k - round(mu) is zero, up or down as a
    Laplace law of scale exp(s0) says, |r| - 1 geometric with ratio exp(-exp(-s1)).

    The magnitude lets the gradient through to mu as if it were not rounded.
    """
    mu = laws[..., 0]
    rate0 = torch.exp(-laws[..., 1].clamp(LOG_SCALE_MIN, LOG_SCALE_MAX))
    rate1 = torch.exp(-laws[..., 2].clamp(LOG_SCALE_MIN, LOG_SCALE_MAX))
    shift = torch.floor(mu.detach() + 0.5)
    f = (mu - shift).clamp(-0.5, 0.5)
    residual = latents - shift
    log_up = -(0.5 - f) * rate0 - np.log(2)
    log_down = -(0.5 + f) * rate0 - np.log(2)
    zero = (1 - torch.exp(log_up) - torch.exp(log_down)).clamp_min(2.0**-12)
    side = torch.where(residual > 0, log_up, log_down).clamp_min(-11.0)
    distance = (latents - mu).abs()
    size = (residual.abs() - 1).clamp_min(0) + (distance - distance.detach())
    magnitude = size * rate1 - torch.log1p(-torch.exp(-rate1).clamp_max(0.9999))
    return torch.where(residual == 0, -torch.log(zero), magnitude - side) * LOG2E


def network_shapes(sh_degree: int, hidden: tuple[int, int]) -> tuple[Shape, ...]:
    """The entropy networks of a scene: base channels, then harmonics where it has any."""
    base = Shape(GEOMETRY_INPUTS + 40, hidden[0], 10, has_skip=True)
    if sh_degree == 0:
        return (base,)
    ends = GROUP_ENDS[sh_degree]
    return base, Shape(GEOMETRY_INPUTS + 36, hidden[1], ends[-1], ends)
