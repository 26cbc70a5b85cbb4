"""A coder of attributes in the manner of GPCC-GS (arXiv 2506.00271): RAHT, uniform steps, adaptive arithmetic coding.

Magnitudes are coded by how often each came in the same context: class of the channel, levels from the leaves, the two
coefficients before in the channel and the channel before in the node. Signs are plain bits.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.baselines import raht
from benchmarks.baselines.raht import Float64, Merging
from benchmarks.baselines.range_coder import (
    ROOM,
    TAIL,
    Bytes,
    code_bits,
    code_counted,
    finish,
    fresh_counts,
    kernel,
    start,
)
from ralhe.fit.objective import STEP_RATIO
from ralhe.octree import Codes
from ralhe.prepare.attributes import OPPONENT

DEAD_ZONE = 0.4  # of a step is rounded up from here on, the best fixed rounding found
LARGEST_COUNTED = 15  # larger magnitudes escape to Elias gamma
NEAR, CLASSES, BANDS, STEPS_PER_BAND = 45, 8, 4, 6  # contexts: neighbours, channels, levels
ESCAPES = 24
FINEST, COARSEST, SEARCHES = 1e-3, 20.0, 22

Integers = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Transformed:
    """Attributes of a scene in the hierarchy's basis, in units of equal quality."""

    coefficients: Float64  # [N, channels]
    steps: list[Merging]


def channels_of(opacity_logits: Float64, sh: npt.NDArray[np.floating]) -> Float64:
    """[N, 1 + 3 K] opacity logit, luma and chromas of the constant colour, then of the harmonics; over the ratios."""
    planes = (sh @ OPPONENT.T).reshape(len(sh), -1)
    return np.concatenate([opacity_logits[:, None], planes], axis=1) / _ratios(sh.shape[1])


def attributes_of(channels: Float64) -> tuple[Float64, npt.NDArray[np.float32]]:
    """[N] opacity logits and [N, K, 3] coefficients of what `channels_of` made."""
    coefficients = (channels.shape[1] - 1) // 3
    channels = channels * _ratios(coefficients)
    planes = channels[:, 1:].reshape(len(channels), coefficients, 3)
    return channels[:, 0], (planes @ OPPONENT).astype(np.float32)


def transform(values: Float64, codes: Codes, depth: int) -> Transformed:
    """Into the hierarchy's basis."""
    steps = raht.hierarchy(codes, depth)
    return Transformed(raht.forward(values, steps), steps)


def encode(made: Transformed, step: float) -> bytes:
    """All coefficients at one step."""
    scaled = made.coefficients / step
    integers = (np.sign(scaled) * np.floor(np.abs(scaled) + DEAD_ZONE)).astype(np.int32)
    out = np.empty(ROOM * integers.size * 2 + TAIL, np.uint8)
    size = _code(integers, _bands(made.steps), _classes(integers.shape[1]), out, False)
    return struct.pack("<f", step) + out[:size].tobytes()


def decode(data: bytes, codes: Codes, depth: int, channels: int) -> Float64:
    """[N, channels] values of the leaves."""
    steps = raht.hierarchy(codes, depth)
    integers = np.zeros((len(codes), channels), np.int32)
    _code(integers, _bands(steps), _classes(channels), np.frombuffer(data, np.uint8, offset=4).copy(), True)
    step = np.frombuffer(data, np.float32, 1).astype(np.float64)
    return raht.inverse(integers * step, steps)


def encode_to(made: Transformed, size: int) -> bytes | None:
    """The finest step whose bytes are at most `size`; None where the coarsest has more."""
    low, high, best = FINEST, COARSEST, None
    for _ in range(SEARCHES):
        step = (low * high) ** 0.5
        data = encode(made, float(np.float32(step)))
        if len(data) <= size:
            best, high = data, step
        else:
            low = step
        if best is not None and high / low < 1.002:
            break
    return best


def _ratios(coefficients: int) -> Float64:
    """[1 + 3 K] steps of equal quality, by channel."""
    colour, harmonics = [STEP_RATIO["colour"]] * 3, [STEP_RATIO["harmonics"]] * (3 * (coefficients - 1))
    return np.array([STEP_RATIO["opacity"], *colour, *harmonics])


def _bands(steps: list[Merging]) -> Integers:
    """[N] which part of the octree a coefficient is from."""
    return np.minimum(raht.levels(steps) // STEPS_PER_BAND, BANDS - 1).astype(np.int32)


def _classes(channels: int) -> Integers:
    """[channels] opacity, luma, chroma, then luma and chroma of each degree beyond 0 (the last two together)."""
    out = [0, 1, 2, 2]
    for degree in range(1, 4):
        out += [3 + 2 * min(degree - 1, 1), 4 + 2 * min(degree - 1, 1), 4 + 2 * min(degree - 1, 1)] * (2 * degree + 1)
    return np.array(out[:channels], np.int32)


@kernel
def _code(values: Integers, bands: Integers, classes: Integers, data: Bytes, reading: bool) -> int:
    """Codes [N, channels] in place."""
    n, channels = values.shape
    state = start(data, reading)
    counts = fresh_counts(NEAR * CLASSES * BANDS, LARGEST_COUNTED + 1)
    lengths = fresh_counts(1, ESCAPES)
    for i in range(n):
        left = 0
        for c in range(channels):
            one = min(abs(values[i - 1, c]), 2) if i > 0 else 0
            two = min(abs(values[i - 2, c]), 4) if i > 1 else 0
            near = (one * 5 + two) * 3 + min(left, 2)
            row = (near * CLASSES + classes[c]) * BANDS + bands[i]
            size = abs(values[i, c])
            symbol = code_counted(state, data, reading, min(size, LARGEST_COUNTED), counts[row])
            if symbol == LARGEST_COUNTED:
                size = LARGEST_COUNTED - 1 + _code_gamma(state, data, reading, size - LARGEST_COUNTED + 1, lengths[0])
            else:
                size = symbol
            if size:
                negative = code_bits(state, data, reading, 1 if values[i, c] < 0 else 0, 1)
                values[i, c] = -size if negative else size
            left = size
    return 0 if reading else finish(state, data)


@kernel
def _code_gamma(state: npt.NDArray[np.uint64], data: Bytes, reading: bool, value: int,
                lengths: npt.NDArray[np.int64]) -> int:  # fmt: skip
    """A number from 1 up: its length by how often it came, its bits plainly."""
    length = 0
    if not reading:
        while value >> (length + 1):
            length += 1
    length = code_counted(state, data, reading, length, lengths)
    if length == 0:
        return 1
    rest = code_bits(state, data, reading, value & ((1 << length) - 1), length)
    return (1 << length) | rest
