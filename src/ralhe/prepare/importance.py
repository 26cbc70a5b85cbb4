"""How much of the picture a Gaussian makes, guessed from its own numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ralhe.gaussians import Gaussians

Weights = npt.NDArray[np.float64]


def projected_area(log_scales: npt.NDArray[np.floating]) -> Weights:
    """[N] mean area of the one-sigma ellipse over the three axes of view, from [N, 3] log scales."""
    s = np.exp(np.clip(log_scales.astype(np.float64), -60, 60))
    return np.asarray((s[:, 0] * s[:, 1] + s[:, 1] * s[:, 2] + s[:, 2] * s[:, 0]) / 3.0)


def importance(gaussians: Gaussians) -> Weights:
    """[N] opacity times projected area."""
    return gaussians.opacities.astype(np.float64) * projected_area(gaussians.log_scales)
