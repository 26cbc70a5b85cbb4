"""How many Gaussians, how deep, which networks: the choices that come before the fit."""

from __future__ import annotations

from dataclasses import dataclass

MAX_PLANNED_DEPTH = 16


@dataclass(frozen=True)
class Plan:
    """Sizes of a stream to be."""

    kept: int  # Gaussians after simplification
    depth: int
    sh_degree: int
    hidden: tuple[int, int]  # widths of the entropy networks


BITS_PER_GAUSSIAN = (22.0, 25.0)
"""Fewest bits for one Gaussian without and with harmonics: below it fewer Gaussians look better (docs/design.md)."""

DEPTH_BITS = ((80.0, 13), (40.0, 12), (21.0, 11), (0.0, 10))
"""(bits per Gaussian, depth): the octree is as deep as its precision pays."""


def plan_for(size: int, gaussians: int, sh_degree: int, *, depth: int | None, scale: float = 1.0) -> Plan:
    """Plan of a stream of `size` bytes; `scale` multiplies the number of Gaussians it keeps."""
    bits = 8.0 * size
    degree = sh_degree if size >= 40_000 else 0
    kept = min(gaussians, max(1, int(scale * bits / BITS_PER_GAUSSIAN[degree > 0])))
    per_gaussian = bits / kept
    chosen = next(d for least, d in DEPTH_BITS if per_gaussian >= least) if depth is None else depth
    width = 4 if size < 12_000 else 8 if size < 60_000 else 16 if size < 500_000 else 24
    return Plan(kept, chosen, degree, (width, max(4, width - 8) if degree else 0))


def plan_at(gaussians: int, sh_degree: int, *, depth: int | None) -> Plan:
    """Plan that keeps every Gaussian, for an encode at a given lambda."""
    width = 8 if gaussians < 10_000 else 16
    return Plan(gaussians, 12 if depth is None else depth, sh_degree, (width, width if sh_degree else 0))
