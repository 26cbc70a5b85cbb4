"""The paper's two networks, one pair for each attribute: 639 and 578 parameters (arXiv 2510.22812)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from benchmarks.baselines.range_coder import Bytes, code_laplace, finish, kernel, start
from benchmarks.baselines.sparse_convolution import CHANNELS, OFFSETS, Neighbours, convolve

LEVELS, HIDDEN, CONTEXT = 5, 16, 16
SCALE_LIMIT = 5.0  # of the logarithm of a Laplace scale
WEIGHT_STEP = 2.0**-8
F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]


class Decoder(nn.Module):
    """Five upsampled latents of a point to the values of an attribute: two linear layers, two sparse convolutions.

    Convolutions add to what goes in, so that they start from doing nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(LEVELS, HIDDEN), nn.Linear(HIDDEN, CHANNELS)
        self.near = nn.Parameter(torch.zeros(OFFSETS, CHANNELS, CHANNELS))
        self.near_bias = nn.Parameter(torch.zeros(CHANNELS))
        self.far = nn.Parameter(torch.zeros(OFFSETS, CHANNELS, CHANNELS))
        self.far_bias = nn.Parameter(torch.zeros(CHANNELS))

    def forward(self, upsampled: Tensor, neighbours: Neighbours) -> Tensor:
        """[N, 3] of [N, 5]."""
        x: Tensor = self.second(torch.relu(self.first(upsampled)))
        x = x + torch.relu(convolve(x, self.near, neighbours) + self.near_bias)
        return x + convolve(x, self.far, neighbours) + self.far_bias

    def start_as(self, mixture: Tensor) -> None:
        """Begins as the linear map [3, 5] of its inputs, by pairs of hidden units of either sign."""
        with torch.no_grad():
            self.first.bias.zero_()
            self.second.bias.zero_()
            self.second.weight.mul_(0.1)
            for i in range(LEVELS):
                for sign, unit in ((1.0, i), (-1.0, i + LEVELS)):
                    self.first.weight[unit] = 0.0
                    self.first.weight[unit, i] = sign
                    self.second.weight[:, unit] = sign * mixture[:, i]


class EntropyModel(nn.Module):
    """The 16 latents before one, in Morton order and of its level, to mean and log scale of a Laplace law."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(CONTEXT, HIDDEN), nn.Linear(HIDDEN, HIDDEN)
        self.last = nn.Linear(HIDDEN, 2)

    def bits(self, latents: Tensor) -> Tensor:
        """Of all but the first CONTEXT of [CONTEXT + n] latents, in all."""
        contexts = latents.unfold(0, CONTEXT, 1)[:-1]
        hidden = torch.relu(self.second(torch.relu(self.first(contexts))))
        mean, log_scale = self.last(hidden).unbind(1)
        inverse = torch.exp(-log_scale.clamp(-SCALE_LIMIT, SCALE_LIMIT))
        distance = (latents[CONTEXT:] - mean).abs()
        inside = 1 - 0.5 * (torch.exp((distance - 0.5).clamp(max=0) * inverse) + torch.exp(-(distance + 0.5) * inverse))
        outside = 0.5 * torch.exp(-(distance - 0.5).clamp(min=0) * inverse) * -torch.expm1(-inverse)
        return -torch.log2(torch.where(distance < 0.5, inside, outside) + 2.0**-22).sum()


def integers_of(network: nn.Module) -> I32:
    """All parameters on their grid, in order."""
    flat = torch.cat([p.detach().reshape(-1) for p in network.parameters()])
    return torch.round(flat / WEIGHT_STEP).numpy().astype(np.int32)


def load(network: nn.Module, integers: I32) -> None:
    """Takes parameters back from their grid."""
    flat = torch.from_numpy(integers.astype(np.float32)) * WEIGHT_STEP
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(flat[: parameter.numel()].reshape(parameter.shape))
            flat = flat[parameter.numel() :]


def code_latents(latents: I32, ends: I32, network: EntropyModel, data: Bytes, reading: bool) -> int:
    """Codes latents in place, level by level; the bytes that writing took."""
    (w1, b1), (w2, b2), (w3, b3) = (
        (layer.weight.detach().numpy(), layer.bias.detach().numpy())
        for layer in (network.first, network.second, network.last)
    )
    return _code(latents, ends, w1, b1, w2, b2, w3, b3, data, reading)


@kernel
def _code(latents: I32, ends: I32, w1: F32, b1: F32, w2: F32, b2: F32, w3: F32, b3: F32, data: Bytes,
          reading: bool) -> int:  # fmt: skip
    state = start(data, reading)
    context, h1, h2 = np.zeros(CONTEXT, np.float32), np.zeros(HIDDEN, np.float32), np.zeros(HIDDEN, np.float32)
    begin = 0
    for end in ends:
        context[:] = 0
        for i in range(begin, end):
            for h in range(HIDDEN):
                total = b1[h]
                for c in range(CONTEXT):
                    total += w1[h, c] * context[c]
                h1[h] = max(total, np.float32(0))
            for h in range(HIDDEN):
                total = b2[h]
                for c in range(HIDDEN):
                    total += w2[h, c] * h1[c]
                h2[h] = max(total, np.float32(0))
            mean, log_scale = b3[0], b3[1]
            for c in range(HIDDEN):
                mean += w3[0, c] * h2[c]
                log_scale += w3[1, c] * h2[c]
            scale = np.exp(min(max(log_scale, np.float32(-SCALE_LIMIT)), np.float32(SCALE_LIMIT)))
            k = code_laplace(state, data, reading, latents[i], mean, scale)
            latents[i] = k
            context[:-1] = context[1:]
            context[-1] = k
        begin = end
    return 0 if reading else finish(state, data)
