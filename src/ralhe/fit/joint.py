"""Latents, synthesis and entropy networks optimised together for distortion + lambda * rate.

The recipe of Cool-Chic and C3: soft rounding with a falling temperature under shrinking noise, a cosine learning
rate, and a last phase on hard-rounded latents. Contexts are those of the last walk and stay fixed meanwhile.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ralhe.model.entropy_model import EntropyModel, latent_bits
from ralhe.model.hierarchy import Hierarchy
from ralhe.model.synthesis import Synthesis

TEMPERATURES = 0.2, 0.1
NOISE = 0.15
HARD_SHARE = 0.2  # of the iterations, on hard-rounded latents
LATENT_RATE, NETWORK_RATE = 0.3, 0.002  # of the way a parabola's minimum is off; Adam's
RATE_MERGES = 32_768  # merges whose rate is taken in one iteration


@dataclass(frozen=True)
class JointProblem:
    """One scene under one lambda; tensors live on one device."""

    hierarchy: Hierarchy
    inputs: tuple[Tensor, ...]  # per entropy network [N - 1, F]
    steps: Tensor  # [D]
    root: Tensor  # [D]
    original: Tensor  # [N, D]
    weights: Tensor  # [N, D] of squared errors
    synthesis_inputs: Tensor  # [N, 22] of the last walk
    curvature: Tensor  # [N - 1, D] distortion of a latent wrong by one
    lmbda: float


def soft_round(x: Tensor, temperature: float) -> Tensor:
    """Rounding that hardens as the temperature falls (Agustsson and Theis 2020, with tanh)."""
    base = torch.floor(x)
    r = x - base - 0.5
    return base + 0.5 + torch.tanh(r / temperature) / (2 * math.tanh(0.5 / temperature))


def interpolated_bits(laws: Tensor, latents: Tensor) -> Tensor:
    """Bits of real-valued latents: between the bits of the two nearest integers."""
    low = torch.floor(latents.detach())
    share = latents - low
    return (1 - share) * latent_bits(laws, low) + share * latent_bits(laws, low + 1)


def optimise(problem: JointProblem, latents: Tensor, models: list[EntropyModel], synthesis: Synthesis | None,
             iterations: int, step: Callable[[float], bool], seed: int) -> Tensor:  # fmt: skip
    """Optimised latents [N - 1, D], real-valued, from `latents`; the networks are optimised in place.

    step(progress) is told after each iteration and may end it with False.
    """
    y = latents.clone().requires_grad_(True)
    networks = [p for m in [*models, *([synthesis] if synthesis else [])] for p in m.parameters()]
    optimizer = torch.optim.Adam(networks, lr=NETWORK_RATE)
    scale = 0.5 / problem.curvature.clamp_min(0.05 * float(problem.curvature.mean()) + 1e-12)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(iterations, 1))
    generator = torch.Generator(device=y.device).manual_seed(seed)
    for i in range(iterations):
        soft = _softened(y, i / iterations, generator)
        loss = _distortion(problem, soft, synthesis) + problem.lmbda * _rate(problem, soft, models, generator)
        optimizer.zero_grad()
        y.grad = None
        loss.backward()  # type: ignore[no-untyped-call]
        slope = y.grad if y.grad is not None else torch.zeros_like(y)
        cosine = 0.5 * (1 + math.cos(math.pi * i / iterations))
        with torch.no_grad():
            y -= (LATENT_RATE * cosine * scale * slope).clamp(-0.5, 0.5)
        optimizer.step()
        schedule.step()
        if not step((i + 1) / iterations):
            break
    return y.detach()


def _softened(y: Tensor, progress: float, generator: torch.Generator) -> Tensor:
    """Latents as the decoder nearly sees them; in the last phase as it does, gradients passing straight through."""
    if progress >= 1 - HARD_SHARE:
        return y + (torch.round(y) - y).detach()
    t = progress / (1 - HARD_SHARE)
    temperature = TEMPERATURES[0] * (TEMPERATURES[1] / TEMPERATURES[0]) ** t
    noise = torch.rand(y.shape, generator=generator, device=y.device) - 0.5
    return soft_round(soft_round(y, temperature) + NOISE * (1 - t) * noise, temperature)


def _distortion(problem: JointProblem, latents: Tensor, synthesis: Synthesis | None) -> Tensor:
    leaves = problem.hierarchy.leaves(latents, problem.steps, problem.root)
    if synthesis is not None:
        leaves = leaves + synthesis(problem.synthesis_inputs) * problem.steps
    return (problem.weights * (problem.original - leaves) ** 2).sum()


def _rate(problem: JointProblem, latents: Tensor, models: list[EntropyModel], generator: torch.Generator) -> Tensor:
    """Bits of all merges, from a random part of them where there are many."""
    n = len(latents)
    chosen = torch.randperm(n, generator=generator, device=latents.device)[:RATE_MERGES]
    bits = latents.new_zeros(())
    parts = (latents[chosen, :10], latents[chosen, 10:])
    for i, model in enumerate(models):
        inputs, hard = problem.inputs[i][chosen], torch.round(parts[i].detach())
        laws = model.laws(inputs, model.hidden_layers(inputs, hard))
        bits = bits + interpolated_bits(laws.detach(), parts[i]).sum() + model.bits(inputs, hard).sum()
    return bits * (n / len(chosen))
