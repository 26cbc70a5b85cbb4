"""What a scene is: an object seen from outside, an interior seen from inside, or a capture without bounds."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ralhe.viewpoints.capture import Capture
from ralhe.viewpoints.matter import Matter
from ralhe.viewpoints.probe import Probe
from ralhe.viewpoints.robust import quantiles
from ralhe.viewpoints.survey import Survey

Kind = Literal["object", "interior", "unbounded"]

SURROUNDED = 0.5  # of all directions show matter to someone inside
FAR, FAR_SHARE = 4.0, 0.01  # units, and a share of the matter beyond them that floaters do not reach
SHOWN = 0.2  # of the matter can be seen from one place inside; hollow things show less


def kind_of(matter: Matter, probe: Probe, capture: Capture) -> Kind:
    """The kind of a scene, by looks from inside and, in doubt, from outside.

    Who stands in a room or a landscape is surrounded by matter. A hollow statue surrounds too, but shows little of
    itself to its inside. A bare shell cannot be told from an empty room; it counts as an object unless its sizes say
    that the cameras were inside.
    """
    if capture.survey.coverage < SURROUNDED:
        return "object"
    distances = np.linalg.norm(matter.positions, axis=1)
    # Surroundings are most of the area of a landscape. Their share of the Gaussians says less: where the many small
    # ones of fine detail were pruned, what is left of an object can lie as far out.
    far_by_area = quantiles(distances, matter.opacities * matter.sizes**2, (0.5,))[0] > FAR
    if far_by_area and matter.opacities[distances > FAR].sum() > FAR_SHARE * matter.opacities.sum():
        return "unbounded"
    if capture.by_sizes and capture.survey.share > SHOWN:
        return "interior"
    outside = Survey.inwards(matter, probe, 3 * float(quantiles(distances, matter.opacities, (0.95,))[0]))
    return "interior" if capture.survey.share > outside.share else "object"
