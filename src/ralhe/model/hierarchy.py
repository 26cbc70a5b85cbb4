"""From leaves back to latents: what a change of each latent does to all the leaves below its merge.

    m1 = m + d w2 / (w1 + w2)        m2 = m - d w1 / (w1 + w2)        d = latent * step * factor

The core lists the merges (core.Merges) from coarse to fine; these walk them from fine to coarse.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ralhe.core import Merges
from ralhe.gaussians import Array
from ralhe.kernels import parallel, prange

F32 = npt.NDArray[np.float32]
U32 = npt.NDArray[np.uint32]

PARTS = 4  # blocks of channels, each walked on its own


def latent_gradient(merges: Merges, steps: npt.NDArray[np.floating], leaves: Array) -> Array:
    """[N - 1, D] slopes by latent from slopes by leaf [N, D], in Morton order; steps [D]."""
    return _gather(merges, 1 - merges.share, -merges.share, merges.factor, steps, leaves)


def latent_curvature(merges: Merges, steps: npt.NDArray[np.floating], leaves: Array) -> Array:
    """[N - 1, D] curvatures by latent from curvatures by leaf [N, D], as if no two leaves met in a picture."""
    return _gather(merges, (1 - merges.share) ** 2, merges.share**2, merges.factor**2, steps**2, leaves)


def _gather(merges: Merges, lower: Array, upper: Array, factor: Array, steps: npt.NDArray[np.floating],
            leaves: Array) -> Array:  # fmt: skip
    out = np.empty((len(merges.lower), leaves.shape[1]), np.float32)
    sums = np.empty((len(leaves), leaves.shape[1]), np.float32)
    sums[merges.leaf_rows] = leaves
    gather(merges.lower, merges.upper, lower, upper, factor, steps.astype(np.float32), sums, out)
    return out


@parallel
def gather(lower_row: U32, upper_row: U32, lower: F32, upper: F32, factor: F32, steps: F32, sums: F32,
           out: F32) -> None:  # fmt: skip
    """Fills out [N - 1, D] = steps * factor * (lower * sum below the lower side + upper * sum below the upper one);
    sums [N, D] hold the leaves by row, and are used up."""
    channels = sums.shape[1]
    for part in prange(PARTS):
        first, last = channels * part // PARTS, channels * (part + 1) // PARTS
        for m in range(len(out) - 1, -1, -1):
            one, two = sums[lower_row[m]], sums[upper_row[m]]
            for c in range(first, last):
                out[m, c] = steps[c] * factor[m] * (lower[m] * one[c] + upper[m] * two[c])
                one[c] += two[c]
