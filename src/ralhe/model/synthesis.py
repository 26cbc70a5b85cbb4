"""The network that corrects decoded leaves, as the core evaluates it (core/leaves.h), differentiable."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ralhe.model.stored_network import StoredNetwork

TENSORS = ("IN", "BIAS", "OUT", "OUT_BIAS")
LIMIT = 16.0


class Synthesis(StoredNetwork):
    """Corrections in steps of what a leaf's own values and its last merge say; nothing at initialisation."""

    TENSORS = TENSORS

    def __init__(self, inputs: int, hidden: int, channels: int, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.IN = nn.Parameter(torch.randn(inputs, hidden, generator=generator) * inputs**-0.5)
        self.BIAS = nn.Parameter(torch.zeros(hidden))
        self.OUT = nn.Parameter(torch.zeros(channels, hidden))
        self.OUT_BIAS = nn.Parameter(torch.zeros(channels))

    def forward(self, inputs: Tensor) -> Tensor:
        """[N, channels] corrections in steps of inputs [N, 22]."""
        hidden = torch.relu(inputs @ self.IN + self.BIAS)
        return (hidden @ self.OUT.T + self.OUT_BIAS).clamp(-LIMIT, LIMIT)
