"""The baselines' range coder: what goes in comes out, and costs what information theory says."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.baselines import symbols
from benchmarks.baselines.range_coder import LARGEST


def entropy_bytes(values: np.typing.NDArray[np.int32]) -> float:
    """Of order 0."""
    counts = np.unique(values, return_counts=True)[1]
    return float(-(counts * np.log2(counts / len(values))).sum() / 8)


@pytest.mark.parametrize("count", [0, 1, 7, 20_000])
@pytest.mark.parametrize("scale", [0.5, 3.0, 300.0])
def test_laplace_round_trip_costs_the_entropy(count: int, scale: float) -> None:
    values = np.rint(np.random.default_rng(count).laplace(0, scale, count)).astype(np.int32)
    values = values.clip(-LARGEST, LARGEST)
    data = symbols.encode_weights(values)
    assert np.array_equal(symbols.decode_weights(data, count), values)
    if count > 1000:
        assert entropy_bytes(values) * 0.97 < len(data) < entropy_bytes(values) * 1.06 + 12


def test_extreme_integers_come_back() -> None:
    values = np.array([LARGEST, -LARGEST, 0, LARGEST, 1, -LARGEST] * 20, np.int32)
    assert np.array_equal(symbols.decode_weights(symbols.encode_weights(values), len(values)), values)


@pytest.mark.parametrize("count", [0, 1, 30_000])
def test_counted_round_trip_learns_the_law(count: int) -> None:
    values = np.minimum(np.random.default_rng(1).geometric(0.2, count), 40).astype(np.int32)
    data = symbols.encode_indices(values, 41)
    assert np.array_equal(symbols.decode_indices(data, count, 41), values)
    if count:
        assert len(data) < entropy_bytes(values) * 1.03 + 40
