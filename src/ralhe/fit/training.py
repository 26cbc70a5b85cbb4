"""Training of an entropy network on recorded merges."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from ralhe.fit.network_weights import smooth_weight_bits
from ralhe.model.entropy_model import EntropyModel

BATCH = 1024
LEARNING_RATE = 0.02


def train(model: EntropyModel, inputs: Tensor, latents: Tensor, merges: int, iterations: int,
          step: Callable[[], bool], seed: int) -> None:  # fmt: skip
    """Adam with a cosine rate over random batches of merges, for least bits of `merges` such merges and of the weights
    together; `step` is told of each iteration and may end it with False.

    inputs [M, F]; latents [M, D] float-valued integers.
    """
    if len(inputs) == 0:
        return
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(iterations, 1))
    for _ in range(iterations):
        rows = torch.randint(len(inputs), (min(BATCH, len(inputs)),), generator=generator)
        loss = model.mean_bits(inputs[rows], latents[rows]) + smooth_weight_bits(model) / merges
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if not step():
            return


def side_by_side(job: Callable[[int], None], jobs: int) -> None:
    """Runs job(0) ... job(jobs - 1) in a thread each, torch on one core in each.

    The networks are so small that a second core in one operation costs more than it gives, and much more where
    another process wants it too.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(jobs) as pool:
            for future in [pool.submit(job, i) for i in range(jobs)]:
                future.result()
    finally:
        torch.set_num_threads(threads)
