"""How many Gaussians, how deep, which networks: the choices that come before the fit."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ralhe.prepare.attributes import BASE_CHANNELS, channels_of

MAX_PLANNED_DEPTH = 16
TRIED_DEPTH = 11

BITS_AT_NONE, BITS_PER_SHARE, BITS_PER_HARMONIC = 42.0, 21.0, 1.25
"""A stream that keeps the share f of its scene, with k harmonics each, spends about 42 + (21 + 1.25 k) f bits on a
Gaussian: the more of the scene is gone already, the more another is worth against finer ones (docs/design.md)."""

GEOMETRY_BITS, GEOMETRY_SHARE, USUAL_BITS = 12.0, 0.15, 32.0
"""Of b bits for a Gaussian, positions get at most 12 + 0.15 (b - 32)."""

UNBALANCED, BALANCED, MAX_GROWTH = 10.0, 4.0, 1.6
"""Error of pruning over that of coding, before any retraining: above the first a plan is made anew with more Gaussians,
for about the second, at most so many times as many (docs/design.md)."""

WANTED = 1.25
"""A plan whose quotient is smaller is made anew, with fewer Gaussians, for about this one."""

LEARNT = 6.0
"""The same where there are photos: what is left learns from them, so that pruning costs less than it seems to."""

MOST_CUT, NEARLY = 0.5, 0.9
"""Least share of its Gaussians that such a plan keeps; and the share from which on it stays as it is."""

CUT_BITS = 75.0, 140.0
"""For a Gaussian without harmonics and with some: what would leave each with more bits could hardly use them."""

MIN_HARMONIC_SIZE, ROOMY_SIZE, ROOMY_BITS = 40_000, 25_000, 60.0
"""Bytes below which harmonics and their network are not worth their weight, unless a Gaussian has so many
bits in a stream of some size."""


MIN_BASIS_WIDTH = 16
"""Streams with narrower networks are too small for a basis as well."""


@dataclass(frozen=True)
class Plan:
    """Sizes of a stream to be."""

    leaves: int  # Gaussians after pruning and merging, at most
    depth: int
    sh_degree: int
    hidden: tuple[int, int]  # widths of the entropy networks

    @property
    def has_basis(self) -> bool:
        """Whether the harmonics get a basis of the scene's own: it weighs 3 K^2 bytes."""
        return self.sh_degree > 0 and self.hidden[0] >= MIN_BASIS_WIDTH


def planned_count(size: int, gaussians: int, sh_degree: int) -> int:
    """Gaussians in a stream of `size` bytes: n f with n f (42 + (21 + 1.25 k) f) = 8 size.

    sh_degree: of the scene; k is that of the harmonics that such a stream carries.
    """
    ratio = 8.0 * size / max(gaussians, 1)
    harmonics = channels_of(planned_degree(size, gaussians, sh_degree)) - BASE_CHANNELS
    slope = BITS_PER_SHARE + BITS_PER_HARMONIC * harmonics
    share = (math.sqrt(BITS_AT_NONE**2 + 4 * slope * ratio) - BITS_AT_NONE) / (2 * slope)
    return min(gaussians, max(1, int(gaussians * share)))


def planned_change(imbalance: float, *, photographed: bool = False) -> float:
    """Factor for a planned count, from how many times larger the error of pruning is than that of coding; 1 for none.

    Where a scene is seen evenly, pruning hurts more than the count's formula knows; where much of it is hardly seen or
    like its neighbours, or where there are photos to learn from, less. The quotient falls with about the sixth power of
    the count: one error shrinks as the other grows.
    """
    if imbalance > UNBALANCED:
        return float(min((imbalance / BALANCED) ** (1 / 6), MAX_GROWTH))
    factor = (imbalance / (LEARNT if photographed else WANTED)) ** (1 / 6)
    return float(max(factor, MOST_CUT)) if factor < NEARLY else 1.0


def least_count(size: int, sh_degree: int) -> int:
    """Gaussians that a plan for `size` bytes is not cut below."""
    return math.ceil(8 * size / CUT_BITS[sh_degree > 0])


def planned_depth(bits_per_gaussian: float, tried_bits: float) -> int:
    """Depth whose positions take their share, from the bits they take at TRIED_DEPTH: a level is three bits."""
    allowed = GEOMETRY_BITS + GEOMETRY_SHARE * (bits_per_gaussian - USUAL_BITS)
    return min(max(TRIED_DEPTH + math.floor((allowed - tried_bits) / 3.0), 6), MAX_PLANNED_DEPTH)


def planned_degree(size: int, gaussians: int, sh_degree: int) -> int:
    """Degree of the harmonics that a stream of `size` bytes carries."""
    roomy = size >= ROOMY_SIZE and 8 * size >= ROOMY_BITS * gaussians
    return sh_degree if size >= MIN_HARMONIC_SIZE or roomy else 0


def planned_widths(size: int, sh_degree: int) -> tuple[int, int]:
    """Widths of the entropy networks: larger streams pay for larger ones."""
    width = 4 if size < 12_000 else 8 if size < 60_000 else 16 if size < 600_000 else 24
    return width, max(4, width - 8) if sh_degree else 0
