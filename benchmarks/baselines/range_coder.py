"""A range coder after Subbotin (1999), without carries, 64 bits wide: what the baselines' rates are counted by.

State of either side: [low, range, place, code]. All functions are for kernels; the encoder never fails, since its
caller gives it ROOM bytes a symbol and TAIL for the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba
import numpy as np
import numpy.typing as npt

P = ParamSpec("P")
R = TypeVar("R")

U64 = npt.NDArray[np.uint64]
Bytes = npt.NDArray[np.uint8]
Counts = npt.NDArray[np.int64]

LOW, RANGE, PLACE, CODE = 0, 1, 2, 3
TOP, BOTTOM = np.uint64(1 << 56), np.uint64(1 << 48)
ONE, BYTE, LAST_BYTE = np.uint64(1), np.uint64(8), np.uint64(56)
FULL = np.uint64(2**64 - 1)
ROOM, TAIL = 10, 32
TOTAL_BITS = 24
TOTAL = 1 << TOTAL_BITS
LARGEST = 4095
"""Of a Laplace symbol, either way."""
STEP, MOST = 32, 1 << 16
"""What a symbol seen adds to its count; all counts are halved above the most."""


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compiled on first use and kept."""
    compiled: Callable[P, R] = numba.njit(cache=True, nogil=True)(function)
    return compiled


@kernel
def start(data: Bytes, reading: bool) -> U64:
    """State at the first byte."""
    state = np.zeros(4, np.uint64)
    state[RANGE] = FULL
    if reading:
        for _ in range(8):
            shift_in(state, data)
    return state


@kernel
def shift_in(state: U64, data: Bytes) -> None:
    """Takes the next byte; zeros follow the last one."""
    place = np.int64(state[PLACE])
    byte = np.uint64(data[place]) if place < len(data) else np.uint64(0)
    state[CODE] = (state[CODE] << BYTE) | byte
    state[PLACE] += ONE


@kernel
def narrow(state: U64, data: Bytes, reading: bool, low: int, size: int, total: int) -> None:
    """Goes on inside [low, low + size) of `total`; writes or reads what is settled."""
    if not reading:
        state[RANGE] //= np.uint64(total)
    state[LOW] += np.uint64(low) * state[RANGE]
    state[RANGE] *= np.uint64(size)
    while True:
        if (state[LOW] ^ (state[LOW] + state[RANGE])) >= TOP:
            if state[RANGE] >= BOTTOM:
                return
            state[RANGE] = (~state[LOW] + ONE) & (BOTTOM - ONE)
        if reading:
            shift_in(state, data)
        else:
            data[np.int64(state[PLACE])] = np.uint8(state[LOW] >> LAST_BYTE)
            state[PLACE] += ONE
        state[LOW] <<= BYTE
        state[RANGE] <<= BYTE


@kernel
def look(state: U64, total: int) -> int:
    """Where in `total` the symbol to come lies; `narrow` must follow."""
    state[RANGE] //= np.uint64(total)
    return min(int(np.int64((state[CODE] - state[LOW]) // state[RANGE])), total - 1)


@kernel
def finish(state: U64, data: Bytes) -> int:
    """Writes as few bytes as tell the last interval; the number of bytes in all."""
    for count in range(1, 9):
        mask = (ONE << np.uint64(64 - 8 * count)) - ONE if count < 8 else np.uint64(0)
        value = (state[LOW] + mask) & ~mask
        if value >= state[LOW] and value - state[LOW] < state[RANGE]:
            for i in range(count):
                data[np.int64(state[PLACE]) + i] = np.uint8((value >> np.uint64(56 - 8 * i)) & np.uint64(255))
            return int(np.int64(state[PLACE])) + count
    return int(np.int64(state[PLACE]))


@kernel
def cumulative(k: int, mean: float, scale: float) -> int:
    """Of Laplace symbols below k, of TOTAL; every symbol has at least one."""
    if k <= -LARGEST:
        return 0
    if k > LARGEST:
        return TOTAL
    x = (k - 0.5 - mean) / scale
    share = 0.5 * math.exp(x) if x < 0 else 1.0 - 0.5 * math.exp(-x)
    return int(share * (TOTAL - 2 * LARGEST - 1)) + k + LARGEST


@kernel
def code_laplace(state: U64, data: Bytes, reading: bool, k: int, mean: float, scale: float) -> int:
    """Codes one integer under a Laplace law."""
    if reading:
        at = look(state, TOTAL)
        low, high = -LARGEST, LARGEST + 1  # cumulative(low) <= at < cumulative(high)
        middle = min(max(round(mean), low + 1), high - 1)
        reach = 1
        while high - low > 1:
            if cumulative(middle, mean, scale) <= at:
                low = middle
                middle = min(low + reach, (low + high) // 2 + 1, high - 1)
            else:
                high = middle
                middle = max(high - reach, (low + high) // 2, low + 1)
            reach *= 2
        k = low
    first = cumulative(k, mean, scale)
    narrow(state, data, reading, first, cumulative(k + 1, mean, scale) - first, TOTAL)
    return k


@kernel
def code_counted(state: U64, data: Bytes, reading: bool, symbol: int, counts: Counts) -> int:
    """Codes one of len(counts) - 1 symbols by how often it came; the last count is the sum."""
    n, total = len(counts) - 1, counts[-1]
    first = 0
    if reading:
        at = look(state, total)
        symbol = 0
        while symbol < n - 1 and first + counts[symbol] <= at:
            first += counts[symbol]
            symbol += 1
    else:
        for i in range(symbol):
            first += counts[i]
    narrow(state, data, reading, first, counts[symbol], total)
    counts[symbol] += STEP
    counts[n] += STEP
    if counts[n] > MOST + n:
        counts[n] = 0
        for i in range(n):
            counts[i] = (counts[i] + 1) // 2
            counts[n] += counts[i]
    return symbol


@kernel
def code_bits(state: U64, data: Bytes, reading: bool, value: int, bits: int) -> int:
    """Codes plain bits."""
    if reading:
        value = look(state, 1 << bits)
    narrow(state, data, reading, value, 1, 1 << bits)
    return value


@kernel
def fresh_counts(contexts: int, symbols: int) -> Counts:
    """[contexts, symbols + 1] of nothing seen."""
    counts = np.ones((contexts, symbols + 1), np.int64)
    counts[:, symbols] = symbols
    return counts
