"""Fewer Gaussians: keep those that matter most."""

from __future__ import annotations

import numpy as np

from ralhe.gaussians import Gaussians
from ralhe.prepare.importance import Weights


def most_important(gaussians: Gaussians, weights: Weights, count: int) -> Gaussians:
    """The `count` Gaussians of greatest weight in their first order; ties go to the earlier one."""
    if count >= len(gaussians):
        return gaussians
    order = np.argsort(-weights, kind="stable")[:count]
    return gaussians.take(np.sort(order))
