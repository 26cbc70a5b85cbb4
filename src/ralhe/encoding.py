"""Gaussians -> bytes: prepare, fit, meet the size, decode what was written, report."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ralhe import bitstream
from ralhe.bitstream import Header
from ralhe.core import Encoder
from ralhe.errors import BitstreamError, RateError, SceneError
from ralhe.fit.fit import Candidate
from ralhe.fit.job import COARSE_WALKS, FINE_WALKS, LOOKAHEAD, Job, fit_work
from ralhe.fit.meter import Meter, picture_work
from ralhe.fit.pictures import take_pictures
from ralhe.fit.plan import (
    MAX_PLANNED_DEPTH,
    MIN_HARMONIC_SIZE,
    TRIED_DEPTH,
    Plan,
    planned_count,
    planned_degree,
    planned_depth,
    planned_widths,
)
from ralhe.fit.presets import PRESETS, Preset
from ralhe.fit.rate_control import LAMBDA_RANGE, TOLERANCE
from ralhe.fit.source import Source
from ralhe.gaussians import Gaussians
from ralhe.octree import MAX_DEPTH
from ralhe.prepare import Voxelised, attributes_of, choose_grid, clean, voxelise
from ralhe.prepare.covariance import log_covariances
from ralhe.progress import Progress

if TYPE_CHECKING:
    from ralhe.cameras import Views

REPLANS = 6
TINY_SIZE = 2000
DEPTH_AT_LAMBDA = 12


@dataclass(frozen=True)
class EncodeReport:
    """A stream and what is known of it."""

    data: bytes
    source_gaussians: int
    dropped: int  # that nobody can see
    kept: int  # after simplification
    leaves: int  # after merging: Gaussians in the stream
    depth: int
    sh_degree: int
    lmbda: float
    seconds: float
    bits: dict[str, float]  # by opacity, colour, shape, harmonics, geometry, parameters, container
    attribute_error: dict[str, float]  # root mean square between the voxelised scene and the decoded stream


def encode(
    gaussians: Gaussians,
    *,
    size: int | None = None,
    lmbda: float | None = None,
    preset: str = "default",
    sh_degree: int | None = None,
    depth: int | None = None,
    views: Views | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> EncodeReport:
    """Compresses a scene to at most `size` bytes, or to the rate that `lmbda` (distortion per bit) buys.

    preset: "fast", "default" or "best". sh_degree: cut the harmonics to this degree. depth: of the octree, 1 ... 21.
    views: cameras to judge by, those of its list `fit`, with photos where they have them; placed if not given.
    progress: called as the work goes on. stop: when set, the fit ends and the best so far is coded.

    The stream is never above `size`, and at least 97% of it unless even the best quality needs less.
    Raises SceneError for arguments out of range, RateError when no stream can be that small.
    """
    began = time.monotonic()
    _check(size, lmbda, preset, depth)
    meter = Meter(progress, stop)
    meter.enter("prepare")
    given = gaussians if sh_degree is None else gaussians.with_sh_degree(sh_degree)
    cleaned = clean(given)
    chosen, count = PRESETS[preset], len(cleaned.gaussians)
    if count == 0:
        return _empty(given, cleaned.dropped, size, began)
    source = _look_at(given, cleaned.gaussians, views, planned_count(size, count) if size else count, chosen, meter)
    if size is None:
        assert lmbda is not None
        plan = Plan(count, depth or DEPTH_AT_LAMBDA, given.sh_degree, planned_widths(8 * count, given.sh_degree))
        job = Job(source, plan, meter)
        candidate = job.fit_at(lmbda, chosen)
    else:
        job, candidate = _fit_to_size(source, size, depth, chosen, meter)
    meter.finish()
    decoded = _verify(candidate.data, job.scene)
    return EncodeReport(
        data=candidate.data,
        source_gaussians=len(given),
        dropped=cleaned.dropped,
        kept=job.plan.kept,
        leaves=len(job.scene),
        depth=job.plan.depth,
        sh_degree=job.plan.sh_degree,
        lmbda=candidate.lmbda,
        seconds=time.monotonic() - began,
        bits=_bits(candidate),
        attribute_error=_attribute_error(job.scene, decoded),
    )


def _check(size: int | None, lmbda: float | None, preset: str, depth: int | None) -> None:
    if (size is None) == (lmbda is None):
        raise SceneError("give either size or lmbda")
    if size is not None and size < 1:
        raise SceneError(f"size is {size} bytes, expected 1 or more")
    low, high = LAMBDA_RANGE
    if lmbda is not None and not low <= lmbda <= high:
        raise SceneError(f"lmbda is {lmbda}, expected {low:g} to {high:g}")
    if preset not in PRESETS:
        raise SceneError(f"preset is {preset!r}, expected one of {', '.join(PRESETS)}")
    if depth is not None and not 1 <= depth <= MAX_DEPTH:
        raise SceneError(f"depth is {depth}, expected 1 to {MAX_DEPTH}")


def _look_at(given: Gaussians, cleaned: Gaussians, views: Views | None, kept: int, preset: Preset,
             meter: Meter) -> Source:  # fmt: skip
    """The scene with its pictures; kept: Gaussians that the fit to come will have, for the time left."""
    n = len(cleaned)
    rest = fit_work(preset, kept, given.sh_degree, preset.rounds + COARSE_WALKS + FINE_WALKS, pictured=True)
    meter.plan(preset.pictures * picture_work(n) + rest)
    meter.enter("look")
    pictures = take_pictures(cleaned, views, preset.pictures, lambda: meter.looked(n))
    return Source.of(given, cleaned, pictures)


def _fit_to_size(
    source: Source, size: int, depth: int | None, preset: Preset, meter: Meter
) -> tuple[Job, Candidate]:
    """Plans, and plans again with fewer or more Gaussians where the size cannot be met with these."""
    count = len(source.cleaned)
    degree = planned_degree(size, count, source.given.sh_degree)
    scale, extra_depth = 1.0, 0
    for attempt in range(REPLANS + 1):
        kept = max(1, min(count, int(scale * planned_count(size, count))))
        level = depth or min(_depth_for(source, kept, 8.0 * size / kept) + extra_depth, MAX_PLANNED_DEPTH)
        plan = Plan(kept, level, degree, planned_widths(size, degree))
        job = Job(source, plan, meter)
        lmbda, reached = job.warm_up(size, preset)
        if reached > size and lmbda >= LAMBDA_RANGE[1] * 0.99 and kept > 1 and attempt < REPLANS:
            scale *= _shrink(size, reached)
            continue
        finest = lmbda <= LAMBDA_RANGE[0] * 1.01 and reached < size * (1 - TOLERANCE)
        room = kept < count or (depth is None and level < MAX_PLANNED_DEPTH)
        if finest and room and scale >= 1 and attempt < REPLANS:
            scale, extra_depth = scale * 2, extra_depth + 1
            continue
        candidate = job.refine(size, lmbda, preset)
        if len(candidate.data) <= size:
            return job, candidate
        if kept == 1:
            break
        scale *= _shrink(size, len(candidate.data))
        degree = degree if size >= MIN_HARMONIC_SIZE else 0
    raise RateError(f"no stream of this scene fits {size} bytes; the smallest found has {len(candidate.data)}")


def _shrink(size: int, reached: int) -> float:
    """Factor for the number of Gaussians after a stream of `reached` bytes was too large; tiny ones are mostly
    header and networks, so their Gaussians must go by more."""
    return min(0.5, 0.8 * size / reached) if size >= TINY_SIZE else 0.2


def _depth_for(source: Source, kept: int, bits_per_gaussian: float) -> int:
    """Depth for the most important `kept` Gaussians, from what their positions cost at one depth."""
    gaussians, _ = source.keep(kept, 0)
    scene = voxelise(gaussians, choose_grid(source.cleaned.positions, TRIED_DEPTH))
    header = Header(0, TRIED_DEPTH, LOOKAHEAD, len(scene), 0, (0.0, 0.0, 0.0), 1.0, (0.0,) * 6, (4, 0, 0))
    geometry = Encoder(header.pack(), scene.codes, LOOKAHEAD).geometry()
    return planned_depth(bits_per_gaussian, 8.0 * sum(len(s.data) for s in geometry) / len(scene))


def _empty(source: Gaussians, dropped: int, size: int | None, began: float) -> EncodeReport:
    header = Header(source.sh_degree, 0, LOOKAHEAD, 0, len(source), (0.0, 0.0, 0.0), 1.0, (0.0,) * 6,
                    (4, 4 if source.sh_degree else 0, 0), antialiased=source.antialiased,
                    coordinates=source.coordinates)  # fmt: skip
    data = bitstream.assemble_empty(header)
    if size is not None and len(data) > size:
        raise RateError(f"no stream of this scene fits {size} bytes; the smallest has {len(data)}")
    bits = {"container": 8.0 * len(data)}
    return EncodeReport(data, len(source), dropped, 0, 0, 0, source.sh_degree, 0.0, time.monotonic() - began, bits, {})


def _verify(data: bytes, scene: Voxelised) -> Gaussians:
    """The stream as the real decoder sees it."""
    decoded = bitstream.decode(data)
    if len(decoded) != len(scene) or not np.array_equal(scene.grid.codes(decoded.positions), scene.codes):
        raise BitstreamError("the stream does not decode to the voxels it was made of; please report this scene")
    return decoded


def _bits(candidate: Candidate) -> dict[str, float]:
    sections = bitstream.info(candidate.data).sections
    parts = {kind: 8.0 * sum(s.length for s in sections if s.kind == kind) for kind in ("geometry", "parameters")}
    container = 8.0 * (len(candidate.data) - sum(s.length for s in sections))
    return {**candidate.walked.bits, **parts, "container": container}


def _attribute_error(scene: Voxelised, decoded: Gaussians) -> dict[str, float]:
    shapes = log_covariances(decoded.log_scales, decoded.rotations, floor=0.0)
    logits = decoded.opacity_logits.astype(np.float64)
    mirror = replace(scene, opacity_logits=logits, log_covariances=shapes, sh=decoded.sh)
    square = (attributes_of(mirror).astype(np.float64) - attributes_of(scene)) ** 2
    parts = {"opacity": square[:, :1], "colour": square[:, 1:4], "shape": square[:, 4:10], "harmonics": square[:, 10:]}
    return {name: float(part.mean() ** 0.5) for name, part in parts.items() if part.size}
