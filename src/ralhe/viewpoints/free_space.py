"""Where nothing is: the distance to the nearest matter, on a grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from ralhe.viewpoints.matter import Matter
from ralhe.viewpoints.robust import Floats, box

CELLS = 32  # along the longest side
OUTSIDE = 0.01  # share of the matter left out on each side of the box
FILLED = 0.3  # of a cell's face covered by matter makes the cell full


@dataclass(frozen=True, eq=False)
class FreeSpace:
    """Cells over the box that holds nearly all matter."""

    low: Floats  # [3] corner of the first cell, units
    cell: float  # edge, units
    clearance: Floats  # [X, Y, Z] distance to the nearest full cell or to the outside of the box, units

    @classmethod
    def of(cls, matter: Matter) -> Self:
        """The free space between matter."""
        low, high = box(matter.positions, matter.opacities, OUTSIDE)
        cell = max(float((high - low).max()) / CELLS, 1e-6)
        shape = np.maximum(np.ceil((high - low) / cell), 1).astype(int)
        index = np.floor((matter.positions - low) / cell)
        inside = ((index >= 0) & (index < shape)).all(axis=1)
        disc = np.minimum(2 * np.pi * matter.sizes**2, cell * cell)  # as much light as a Gaussian stops
        covered = np.zeros(tuple(shape))
        np.add.at(covered, tuple(index[inside].astype(int).T), (matter.opacities * disc)[inside])
        full = np.pad(covered >= FILLED * cell * cell, 1, constant_values=True)
        return cls(low, cell, cell * distances(full)[1:-1, 1:-1, 1:-1])

    @property
    def clearest(self) -> Floats:
        """[3] the place farthest from all matter."""
        cell = np.unravel_index(np.argmax(self.clearance), self.clearance.shape)
        return np.asarray(self.low + self.cell * (np.array(cell) + 0.5))


def distances(full: npt.NDArray[np.bool_]) -> Floats:
    """[X, Y, Z] distance of each cell to the nearest full one, in cells: least sums of squares, axis by axis."""
    squares = np.where(full, 0.0, 1e9)
    for axis in range(3):
        along = np.moveaxis(squares, axis, -1)
        steps = np.arange(along.shape[-1])
        squares = np.moveaxis((along[..., None, :] + np.subtract.outer(steps, steps) ** 2).min(axis=-1), -1, axis)
    return np.asarray(np.sqrt(squares))
