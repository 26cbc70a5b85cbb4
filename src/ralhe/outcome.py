"""What an encode came to, as the real decoder sees it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ralhe.core import Decoder
from ralhe.errors import BitstreamError
from ralhe.gaussians import Gaussians
from ralhe.prepare import Voxelised, attributes_of
from ralhe.prepare.attributes import COLOUR, HARMONICS, OPACITY, SHAPE
from ralhe.prepare.covariance import log_covariances


@dataclass(frozen=True)
class EncodeReport:
    """A stream and what is known of it."""

    data: bytes = field(repr=False)
    source_gaussians: int
    dropped: int  # that nobody can see
    kept: int  # after simplification
    leaves: int  # after merging: Gaussians in the stream
    depth: int
    sh_degree: int
    lmbda: float
    seconds: float  # from the start, for a ladder from that of its first size, until the stream was whole
    bits: dict[str, float]  # by opacity, colour, shape, harmonics, geometry, parameters, container
    attribute_error: dict[str, float]  # root mean square between the voxelised scene and the decoded stream


def bits_by_kind(decoder: Decoder) -> dict[str, float]:
    """Bits of each kind; everything is decoded after that."""
    tally, info = decoder.tally(), decoder.info
    parts = {kind: 8.0 * sum(s.length for s in info.sections if s.kind == kind) for kind in ("geometry", "parameters")}
    container = 8.0 * (info.size - sum(s.length for s in info.sections))
    return {**tally, **parts, "container": container}


def verified(decoder: Decoder, scene: Voxelised) -> Gaussians:
    """What was decoded, if it is in the voxels that were coded."""
    decoded = decoder.gaussians()
    if len(decoded) != len(scene) or not np.array_equal(scene.grid.codes(decoded.positions), scene.codes):
        raise BitstreamError("the stream does not decode to the voxels it was made of; please report this scene")
    return decoded


def attribute_error(scene: Voxelised, decoded: Gaussians) -> dict[str, float]:
    """Root mean square, by attribute, between what was coded and what was decoded."""
    shapes = log_covariances(decoded.log_scales, decoded.rotations, floor=0.0)
    logits = decoded.opacity_logits.astype(np.float64)
    mirror = replace(scene, opacity_logits=logits, log_covariances=shapes, sh=decoded.sh)
    square = (attributes_of(mirror).astype(np.float64) - attributes_of(scene)) ** 2
    parts = {"opacity": OPACITY, "colour": COLOUR, "shape": SHAPE, "harmonics": HARMONICS}
    squares = {name: square[:, part] for name, part in parts.items()}
    return {name: float(part.mean() ** 0.5) for name, part in squares.items() if part.size}
