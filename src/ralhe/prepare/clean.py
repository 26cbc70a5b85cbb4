"""Drop what no view can show."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ralhe.gaussians import FAR, MIN_OPACITY, Gaussians
from ralhe.prepare.covariance import LOG_SCALE_LIMIT

COLOUR_LIMIT = 1000.0
"""Of coefficients of the harmonics: beyond it, as beyond LOG_SCALE_LIMIT, one shows no difference, but would drown all
others in the means of a hierarchy."""

LOGIT_LIMIT = 8.0
"""Opacity 0.99966: beyond it the rasteriser, which stops at 0.99, shows no difference."""


@dataclass(frozen=True)
class Cleaned:
    """The Gaussians that can be seen, and how many of the others there were."""

    gaussians: Gaussians
    rows: npt.NDArray[np.intp]  # [K] where they stood in the scene, ascending
    not_finite: int  # as `Gaussians.finite` has it
    transparent: int  # opacity below 1/255
    far: int  # the others that lie where no camera reaches

    @property
    def dropped(self) -> int:
        return self.not_finite + self.transparent + self.far


def clean(gaussians: Gaussians) -> Cleaned:
    """Drops Gaussians nobody can see; unit quaternions (zero ones become the identity), the rest within its limits:
    logits within +-8, log scales within +-60, harmonics within +-1,000."""
    finite = gaussians.finite
    opaque = gaussians.opacities >= MIN_OPACITY
    near = np.abs(gaussians.positions).max(axis=1, initial=0.0) < FAR
    seen = finite & opaque & near
    kept = gaussians.take(seen)
    norms = np.linalg.norm(kept.rotations.astype(np.float64), axis=1, keepdims=True)
    identity = np.array([1.0, 0.0, 0.0, 0.0])
    rotations = np.where(norms > 1e-12, kept.rotations / np.maximum(norms, 1e-12), identity)
    return Cleaned(
        replace(
            kept,
            log_scales=np.clip(kept.log_scales, -LOG_SCALE_LIMIT, LOG_SCALE_LIMIT),
            rotations=rotations.astype(np.float32),
            sh=np.clip(kept.sh, -COLOUR_LIMIT, COLOUR_LIMIT),
            opacity_logits=np.clip(kept.opacity_logits, -LOGIT_LIMIT, LOGIT_LIMIT),
        ),
        rows=np.flatnonzero(seen),
        not_finite=int(np.count_nonzero(~finite)),
        transparent=int(np.count_nonzero(finite & ~opaque)),
        far=int(np.count_nonzero(finite & opaque & ~near)),
    )
