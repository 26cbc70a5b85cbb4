"""Whole arrays of integers through the range coder."""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from benchmarks.baselines.range_coder import (
    LARGEST,
    ROOM,
    TAIL,
    Bytes,
    code_counted,
    code_laplace,
    finish,
    fresh_counts,
    kernel,
    start,
)

Integers = npt.NDArray[np.int32]


def encode_weights(values: Integers) -> bytes:
    """Integers under one Laplace law whose scale leads. Raises ValueError for one beyond LARGEST."""
    if len(values) and np.abs(values).max() > LARGEST:
        raise ValueError(f"an integer is {np.abs(values).max()}, expected {LARGEST} at most")
    scale = np.float32(max(float(np.abs(values).mean()) if len(values) else 0.0, 0.05))
    values, out = np.ascontiguousarray(values), np.empty(ROOM * len(values) + TAIL, np.uint8)
    return struct.pack("<f", scale) + out[: _laplace(values, float(scale), out, False)].tobytes()


def decode_weights(data: bytes, count: int) -> Integers:
    """What `encode_weights` was given."""
    values = np.empty(count, np.int32)
    _laplace(values, float(np.frombuffer(data, np.float32, 1)[0]), np.frombuffer(data, np.uint8, offset=4).copy(), True)
    return values


def encode_indices(values: Integers, symbols: int) -> bytes:
    """Numbers below `symbols` by how often each came before."""
    out = np.empty(ROOM * len(values) + TAIL, np.uint8)
    return out[: _counted(values, symbols, out, False)].tobytes()


def decode_indices(data: bytes, count: int, symbols: int) -> Integers:
    """What `encode_indices` was given."""
    values = np.empty(count, np.int32)
    _counted(values, symbols, np.frombuffer(data, np.uint8).copy(), True)
    return values


@kernel
def _laplace(values: Integers, scale: float, data: Bytes, reading: bool) -> int:
    state = start(data, reading)
    for i in range(len(values)):
        values[i] = code_laplace(state, data, reading, values[i], 0.0, scale)
    return 0 if reading else finish(state, data)


@kernel
def _counted(values: Integers, symbols: int, data: Bytes, reading: bool) -> int:
    state, counts = start(data, reading), fresh_counts(1, symbols)
    for i in range(len(values)):
        values[i] = code_counted(state, data, reading, values[i], counts[0])
    return 0 if reading else finish(state, data)
