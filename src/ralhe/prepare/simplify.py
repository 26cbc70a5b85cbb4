"""Fewer Gaussians: keep those that matter most."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ralhe.prepare.importance import Weights


def most_important(weights: Weights, count: int) -> npt.NDArray[np.intp]:
    """Ascending indices of the `count` greatest of [N] weights; ties go to the earlier one."""
    return np.sort(np.argsort(-weights, kind="stable")[:count])
