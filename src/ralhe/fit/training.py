"""Training of an entropy network on recorded merges."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ralhe.model.entropy_model import EntropyModel

BATCH = 4096
LEARNING_RATE = 0.01


def train(model: EntropyModel, inputs: Tensor, latents: Tensor, iterations: int,
          step: Callable[[], bool], seed: int) -> None:  # fmt: skip
    """Adam with a cosine rate over random batches of merges; `step` is told of each and may end it with False.

    inputs [M, F]; latents [M, D] float-valued integers.
    """
    if len(inputs) == 0:
        return
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(iterations, 1))
    for _ in range(iterations):
        rows = torch.randint(len(inputs), (min(BATCH, len(inputs)),), generator=generator)
        loss = model.bits(inputs[rows], latents[rows]).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if not step():
            return
