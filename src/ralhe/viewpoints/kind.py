"""What a scene is: an object seen from outside, an interior seen from inside, or a capture without bounds."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ralhe.cameras.camera import Camera
from ralhe.viewpoints.capture import Capture
from ralhe.viewpoints.matter import Matter
from ralhe.viewpoints.probe import NEAR, Probe
from ralhe.viewpoints.robust import Floats, quantiles

Kind = Literal["object", "interior", "unbounded"]

FAR, FAR_SHARE = 4.0, 0.04  # units, and a share of the matter beyond them that floaters do not reach
SURROUNDED = 0.5  # of all directions show matter to someone inside
SEEN = 0.2  # of the matter is seen from one place inside; hollow things show less
PIXELS = 48


def kind_of(matter: Matter, probe: Probe, capture: Capture) -> Kind:
    """The kind of a scene, by looks in six directions from inside and, in doubt, from outside.

    Who stands in a room or a landscape is surrounded by matter. A hollow statue surrounds too, but shows little of
    itself to its inside. A bare shell cannot be told from an empty room; it counts as an object unless its sizes say
    that the cameras were inside.
    """
    faces = [sign * axis for axis in np.eye(3) for sign in (1.0, -1.0)]
    covered, inside = seen(matter, probe, [(capture.centre, face) for face in faces], 0.5 * np.pi)
    if covered < SURROUNDED:
        return "object"
    distances = np.linalg.norm(matter.positions, axis=1)
    if matter.opacities[distances > FAR].sum() > FAR_SHARE * matter.opacities.sum():
        return "unbounded"
    if capture.by_sizes:
        return "interior" if inside > SEEN else "object"
    away = 3 * float(quantiles(distances, matter.opacities, (0.95,))[0])
    outside = seen(matter, probe, [(-away * face, face) for face in faces], 0.25 * np.pi)[1]
    return "interior" if inside > outside else "object"


def seen(matter: Matter, probe: Probe, rays: list[tuple[Floats, Floats]], fov: float) -> tuple[float, float]:
    """(mean opacity of looks along rays (eye [3], forward [3]), share of the matter that is in front in any)."""
    shown = np.zeros(len(matter.sampled(matter.opacities)), np.bool_)
    coverage = 0.0
    for eye, forward in rays:
        target, up = eye + forward, np.roll(forward, 1)
        look = probe.look(Camera.looking_at(eye, target, up, fov=fov, width=PIXELS, height=PIXELS, near=NEAR))
        coverage += look.coverage / len(rays)
        shown |= look.shows(matter)
    opacities = matter.sampled(matter.opacities)
    return coverage, float(opacities[shown].sum() / opacities.sum())
