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
from ralhe.files.coordinates import in_ply_axes
from ralhe.gaussians import Gaussians
from ralhe.prepare import clean

FEWEST = 1 / 64  # of the scene: what so few would look like is not asked any more


def order_of(gaussians: Gaussians) -> np.typing.NDArray[np.intp]:
    """Indices of the Gaussians that can be seen, the last to go first."""
    source = look(gaussians)
    order = source.order(int(FEWEST * len(source.cleaned)))
    return kept_by_clean(gaussians)[np.argsort(-order, kind="stable")]


def kept_by_clean(gaussians: Gaussians) -> np.typing.NDArray[np.intp]:
    """Indices of what `clean` keeps: it drops rows and keeps their order, so rows are told by a mark."""
    marks = np.zeros((len(gaussians), 1, 3), np.float32)
    marks[:, 0, 0] = np.arange(len(gaussians))  # exact to 16 million
    marked = Gaussians(gaussians.positions, gaussians.log_scales, gaussians.rotations, gaussians.opacity_logits, marks)
    finite = np.asarray(np.isfinite(gaussians.sh).all(axis=(1, 2)))
    kept = clean(marked).gaussians.sh[:, 0, 0].astype(np.intp)
    return kept[finite[kept]]


def main() -> None:
    scene, out = map(Path, sys.argv[1:])
    np.save(out, order_of(in_ply_axes(ralhe.read(scene))))


if __name__ == "__main__":
    main()
