"""Covariances from logarithms, against torch's matrix exponential in double precision."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from ralhe.prepare.covariance import covariances, log_covariances
from ralhe.rasteriser.exponential import exponential_by_squaring
from ralhe.rasteriser.log_covariance import exponential_covariances

SIX = [0, 1, 2, 4, 5, 8]


def oracle(halves: torch.Tensor) -> torch.Tensor:
    """[N, 6] covariances of half logarithms."""
    xx, yy, zz, xy, xz, yz = halves.unbind(-1)
    xy, xz, yz = (t * 0.5**0.5 for t in (xy, xz, yz))
    matrix = torch.stack([xx, xy, xz, xy, yy, yz, xz, yz, zz], -1).reshape(-1, 3, 3)
    exponentials: torch.Tensor = torch.linalg.matrix_exp(2 * matrix)
    return exponentials.reshape(-1, 9)[:, SIX]


@pytest.mark.parametrize("exponential", [exponential_covariances, exponential_by_squaring])
@pytest.mark.parametrize("spread", [0.0, 1e-7, 0.3, 3.0])
def test_values_and_gradients(spread: float, exponential: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """From equal exponents, where axes are anyone's guess, to needles a thousand times as long as thick."""
    rng = np.random.default_rng(2)
    base = np.concatenate([np.full((40, 3), -2.0), np.zeros((40, 3))], 1)
    halves = torch.tensor(base + spread * rng.normal(0, 1, (40, 6)), dtype=torch.float32)
    pull = torch.tensor(rng.normal(0, 1, (40, 6)))
    ours, theirs = halves.clone().requires_grad_(), halves.double().requires_grad_()
    out, wanted = exponential(ours), oracle(theirs)
    assert (out - wanted).norm(dim=1).le(1e-6 * wanted.norm(dim=1)).all()
    slopes = torch.autograd.grad((out.double() * pull).sum(), ours)[0]
    slopes_wanted = torch.autograd.grad((wanted * pull).sum(), theirs)[0]
    assert (slopes - slopes_wanted).norm(dim=1).le(2e-5 * slopes_wanted.norm(dim=1)).all()


def test_it_undoes_the_logarithm_of_preparation() -> None:
    rng = np.random.default_rng(3)
    log_scales = rng.normal(-3, 1, (50, 3)).astype(np.float32)
    rotations = rng.normal(0, 1, (50, 4)).astype(np.float32)
    rotations /= np.linalg.norm(rotations, axis=1, keepdims=True)
    halves = log_covariances(log_scales, rotations, floor=0.0)
    wanted = covariances(log_scales, rotations).reshape(-1, 9)[:, SIX]
    got = exponential_covariances(torch.tensor(halves)).numpy()
    assert (np.linalg.norm(got - wanted, axis=1) < 1e-5 * np.linalg.norm(wanted, axis=1)).all()


@pytest.mark.parametrize("exponential", [exponential_covariances, exponential_by_squaring])
def test_what_no_float_can_hold_stays_finite(exponential: Callable[[torch.Tensor], torch.Tensor]) -> None:
    halves = torch.tensor([[60.0, -60, 0, 0, 0, 0], [1e30, 1e30, 1e30, 1e30, -1e30, 0], [-1e30] * 6]).requires_grad_()
    out = exponential(halves)
    assert out.isfinite().all() and out[0, 0] > 1e34 and out[0, 3] < 1e-6
    assert torch.autograd.grad(out.sum(), halves)[0].isfinite().all()


def test_more_than_one_block_and_none() -> None:
    """Kernels work in blocks; the last is seldom full."""
    halves = torch.randn((1000, 6), generator=torch.Generator().manual_seed(0))
    for n in (0, 1, 15, 16, 17, 1000):
        assert torch.equal(exponential_covariances(halves[:n]), exponential_covariances(halves)[:n])
