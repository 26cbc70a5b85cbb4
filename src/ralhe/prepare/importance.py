"""How much of the picture a Gaussian makes, guessed from its own numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ralhe.gaussians import Gaussians
from ralhe.prepare.covariance import LOG_SCALE_LIMIT

Weights = npt.NDArray[np.float64]


def projected_area(log_scales: npt.NDArray[np.floating]) -> Weights:
    """[N] mean area of the one-sigma ellipse over the three axes of view, from [N, 3] log scales."""
    s = np.exp(np.clip(log_scales.astype(np.float64), -LOG_SCALE_LIMIT, LOG_SCALE_LIMIT))
    return np.asarray((s[:, 0] * s[:, 1] + s[:, 1] * s[:, 2] + s[:, 2] * s[:, 0]) / 3.0)


def footprint(gaussians: Gaussians) -> Weights:
    """[N] opacity times projected area: how much of a picture a Gaussian's error spoils."""
    return gaussians.opacities.astype(np.float64) * projected_area(gaussians.log_scales)


def importance(gaussians: Gaussians) -> Weights:
    """[N] opacity times the square root of the projected area: which Gaussians to keep where no picture tells.

    The root keeps fine structure that large splats behind it would outweigh: 0.5 to 2 dB over the area itself
    where a third of a scene goes (docs/design.md).
    """
    return gaussians.opacities.astype(np.float64) * np.sqrt(projected_area(gaussians.log_scales))
