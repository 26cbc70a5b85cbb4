"""How much of a scene six looks show, from one place outwards or from all sides inwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from ralhe.cameras.camera import Camera
from ralhe.viewpoints.matter import Matter
from ralhe.viewpoints.probe import NEAR, Probe
from ralhe.viewpoints.robust import Floats

FACES = np.concatenate([np.eye(3), -np.eye(3)])
PIXELS = 48  # along each side of a look


@dataclass(frozen=True)
class Survey:
    """What six looks show."""

    coverage: float  # mean opacity
    share: float  # of the matter that is in front in any look

    @property
    def merit(self) -> float:
        """How good a place it is to be surrounded by the scene and to see it."""
        return self.coverage * self.share

    @classmethod
    def best(cls, surveys: list[Self]) -> Self:
        """The most that any of some places shows, of each number."""
        return cls(max(survey.coverage for survey in surveys), max(survey.share for survey in surveys))

    @classmethod
    def outwards(cls, matter: Matter, probe: Probe, eye: Floats) -> Self:
        """All directions from `eye` [3], units."""
        return cls.along(matter, probe, [(eye, face) for face in FACES], 0.5 * np.pi)

    @classmethod
    def inwards(cls, matter: Matter, probe: Probe, distance: float) -> Self:
        """The origin from six sides, from `distance` units away."""
        return cls.along(matter, probe, [(-distance * face, face) for face in FACES], 0.25 * np.pi)

    @classmethod
    def along(cls, matter: Matter, probe: Probe, rays: list[tuple[Floats, Floats]], fov: float) -> Self:
        """Looks along rays (eye [3], forward [3]), units, with a field of view of `fov` radians."""
        opacities = matter.sampled(matter.opacities)
        shown = np.zeros(len(opacities), np.bool_)
        coverage = 0.0
        for eye, forward in rays:
            target, up = eye + forward, np.roll(forward, 1)
            look = probe.look(Camera.looking_at(eye, target, up, fov=fov, width=PIXELS, height=PIXELS, near=NEAR))
            coverage += look.coverage / len(rays)
            shown |= look.shows(matter)
        return cls(coverage, float(opacities[shown].sum() / opacities.sum()))
