"""A network whose tensors a stream carries."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import nn

from ralhe.parameters import QuantisedTensor


class StoredNetwork(nn.Module):
    """Its parameters, named in the core's order, on the grids of a stream."""

    TENSORS: ClassVar[tuple[str, ...]]

    def quantised(self, exponents: dict[str, int]) -> tuple[QuantisedTensor, ...]:
        """Tensors on the grids of these exponents."""
        return tuple(QuantisedTensor.of(getattr(self, n).detach().cpu().numpy(), exponents[n]) for n in self.TENSORS)

    def load(self, tensors: tuple[QuantisedTensor, ...]) -> None:
        """Takes the values that the stream will carry."""
        with torch.no_grad():
            for name, tensor in zip(self.TENSORS, tensors, strict=True):
                mine = getattr(self, name)
                mine.copy_(torch.from_numpy(tensor.floats).reshape(mine.shape))
