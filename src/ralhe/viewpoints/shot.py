"""A view that might be taken, and what came of trying it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ralhe.viewpoints.probe import Look
from ralhe.viewpoints.robust import Floats


@dataclass(frozen=True, eq=False)
class Shot:
    """A place to stand and a point to look at, in units, z up."""

    eye: Floats  # [3]
    target: Floats  # [3]

    @property
    def forward(self) -> Floats:
        """[3] unit vector along the line of sight."""
        along = self.target - self.eye
        return np.asarray(along / np.linalg.norm(along))


@dataclass(frozen=True, eq=False)
class Trial:
    """A shot, its small render, and how good that is among trials of the same scene."""

    shot: Shot
    look: Look
    quality: float  # the higher the better, on a scale of the scene's kind
