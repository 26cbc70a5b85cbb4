"""The region-adaptive hierarchical transform, and the coder of its coefficients."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.baselines import gpcc, raht
from tests.scenes import chain_codes, full_cube_codes, surface_codes


@pytest.mark.parametrize(
    ("codes", "depth"),
    [(surface_codes(400, 6), 6), (chain_codes(9), 9), (full_cube_codes(2), 2), (np.zeros(1, np.uint64), 4)],
)
def test_inverse_brings_back_the_values(codes: np.typing.NDArray[np.uint64], depth: int) -> None:
    values = np.random.default_rng(0).normal(size=(len(codes), 5))
    steps = raht.hierarchy(codes, depth)
    coefficients = raht.forward(values, steps)
    assert coefficients.shape == values.shape
    assert np.allclose(raht.inverse(coefficients, steps), values, atol=1e-12)
    assert np.allclose((coefficients**2).sum(0), (values**2).sum(0))  # orthonormal


def test_a_constant_is_one_coefficient() -> None:
    codes = surface_codes(300, 6)
    coefficients = raht.forward(np.full((len(codes), 1), 2.0), raht.hierarchy(codes, 6))
    assert coefficients[0, 0] == pytest.approx(2 * len(codes) ** 0.5)
    assert np.abs(coefficients[1:]).max() < 1e-12


def test_levels_fall_from_root_to_leaves() -> None:
    steps = raht.hierarchy(surface_codes(300, 6), 6)
    levels = raht.levels(steps)
    assert len(levels) == len(surface_codes(300, 6))
    assert (np.diff(levels) <= 0).all()


@pytest.mark.parametrize("degree", [0, 3])
def test_coded_attributes_are_within_half_a_step(degree: int) -> None:
    codes, random = surface_codes(500, 7), np.random.default_rng(0)
    logits, sh = random.normal(size=len(codes)) * 3, random.normal(size=(len(codes), (degree + 1) ** 2, 3))
    sh[0] *= 200  # an escape
    values = gpcc.channels_of(logits, sh)
    made = gpcc.transform(values, codes, 7)
    data = gpcc.encode(made, 0.25)
    decoded = gpcc.decode(data, codes, 7, values.shape[1])
    error = raht.forward(decoded - values, made.steps)
    assert np.abs(error).max() <= 0.25 * (1 - gpcc.DEAD_ZONE) + 1e-9
    back_logits, back_sh = gpcc.attributes_of(values)
    assert np.allclose(back_logits, logits)
    assert np.allclose(back_sh, sh, atol=1e-4)


def test_the_stream_is_as_large_as_was_allowed() -> None:
    codes = surface_codes(500, 7)
    made = gpcc.transform(np.random.default_rng(0).normal(size=(len(codes), 4)), codes, 7)
    data = gpcc.encode_to(made, 600)
    assert data is not None
    assert 560 <= len(data) <= 600
    assert gpcc.encode_to(made, 3) is None
