"""An object without its floaters, and how far off it fills a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from ralhe.viewpoints.lens import Lens
from ralhe.viewpoints.matter import Matter
from ralhe.viewpoints.robust import Floats, box, quantiles

MOST, BEYOND = 0.97, 1.5  # share of matter that says how far an object reaches, and times that what it may hold
WIDEST = 0.1  # larger sizes count as this, units; floaters are large
OUTSIDE = 0.003  # share of the matter left out on each side of the box
FITS = 0.98  # share of the matter within a picture that it fills


@dataclass(frozen=True, eq=False)
class Subject:
    """The matter in a box that leaves floaters out."""

    middle: Floats  # [3] of the box, units
    bottom: float  # height of the lower side, units
    points: Floats  # [S, 3] a sample of the matter in the box, from the middle, units
    sizes: Floats  # [S] units

    @classmethod
    def of(cls, matter: Matter) -> Self:
        """The subject in matter with z up."""
        distances = np.linalg.norm(matter.positions, axis=1)
        reach = BEYOND * quantiles(distances, matter.opacities, (MOST,))[0]
        weights = matter.opacities * np.minimum(matter.sizes, WIDEST) * (distances <= reach)
        low, high = box(matter.positions, weights, OUTSIDE)
        inside = ((matter.positions >= low) & (matter.positions <= high)).all(axis=1)
        middle = 0.5 * (low + high)
        points, sizes = matter.sampled(matter.positions[inside]), matter.sampled(matter.sizes[inside])
        return cls(middle, float(low[2]), points - middle, sizes)

    def distance(self, outward: Floats, lens: Lens) -> float:
        """Distance along `outward` [3] from the middle at which the subject fills a picture, units."""
        right = np.cross([0.0, 0.0, 1.0], outward)
        right /= np.linalg.norm(right)
        up = np.cross(outward, right)
        across, along = lens.slopes
        aside = np.maximum(np.abs(self.points @ right) / across, np.abs(self.points @ up) / along)
        needed = self.points @ outward + aside + 2 * self.sizes / min(across, along)
        return max(1.0, float(quantiles(needed, np.ones(len(needed)), (FITS,))[0]))
