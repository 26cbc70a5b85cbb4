"""Splats from near to far."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ralhe.kernels import serial

DIGIT = 11  # bits of a radix pass; three passes cover a float


@serial
def depth_order(depths: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
    """Indices of the positive depths, nearest first, equal ones in order: a radix sort on the bits of the floats.

    Positive IEEE floats sort as the integers of the same bits.
    """
    bits = depths.view(np.uint32)
    low = np.uint32((1 << DIGIT) - 1)
    counts = np.zeros((3, 1 << DIGIT), np.int64)
    seen = 0
    for i in range(len(bits)):
        key = bits[i]
        if key != 0:
            seen += 1
            counts[0, key & low] += 1
            counts[1, (key >> DIGIT) & low] += 1
            counts[2, key >> (2 * DIGIT)] += 1
    keys, order = np.empty((2, seen), np.uint32), np.empty((2, seen), np.int32)
    j = 0
    for i in range(len(bits)):
        if bits[i] != 0:
            keys[0, j], order[0, j] = bits[i], i
            j += 1
    for step in range(3):
        source, sink = step & 1, 1 - (step & 1)
        ends = counts[step]
        start = 0
        for digit in range(1 << DIGIT):
            start, ends[digit] = start + ends[digit], start
        shift = np.uint32(DIGIT * step)
        for i in range(seen):
            digit = (keys[source, i] >> shift) & low
            place = ends[digit]
            ends[digit] = place + 1
            keys[sink, place], order[sink, place] = keys[source, i], order[source, i]
    return order[1]  # type: ignore[no-any-return]
