"""In which order an encode of ralhe would let the Gaussians of a scene go.

    python -m benchmarks.peers.worth scene.ply order.npy

Writes indices into the scene, the last to go first; what no picture can show is not among them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import ralhe
from benchmarks.source import look
from ralhe.coordinates import in_ply_axes
from ralhe.gaussians import Gaussians
from ralhe.prepare import clean

FEWEST = 1 / 64  # of the scene: what so few would look like is not asked any more


def order_of(gaussians: Gaussians) -> np.typing.NDArray[np.intp]:
    """Indices of the Gaussians that can be seen, the last to go first."""
    source = look(gaussians)
    order = source.order(int(FEWEST * len(source.cleaned)))
    return clean(gaussians).rows[np.argsort(-order, kind="stable")]


def main() -> None:
    scene, out = map(Path, sys.argv[1:])
    np.save(out, order_of(in_ply_axes(ralhe.read(scene))))


if __name__ == "__main__":
    main()
