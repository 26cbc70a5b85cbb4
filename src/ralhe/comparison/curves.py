"""The rate-distortion plot: bytes on a logarithmic axis against PSNR, one curve for each type of file.

Places in the unit of the drawing, y down; the template of the report draws them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

LABEL_ROOM = 50
"""Least distance of two labels along the bytes, so that they stay apart on a phone."""

MANTISSAS = ((1, (1, 2, 3, 5)), (1, (1, 2, 5)), (1, (1,)), (3, (1,)))
"""(decades from one to the next, digits in each) of the ticks along the bytes, dense to sparse."""


@dataclass(frozen=True)
class Frame:
    """The drawing, and the edges of the field inside it that the curves are in."""

    width: int = 480
    height: int = 308
    left: int = 44
    right: int = 468
    top: int = 30
    bottom: int = 256


FRAME = Frame()


@dataclass(frozen=True)
class Point:
    """One file."""

    label: str
    kind: str  # type of the file
    bytes: int
    psnr: float  # dB


@dataclass(frozen=True)
class Tick:
    """A number on an axis."""

    at: float  # x or y
    text: str


@dataclass(frozen=True)
class Dot:
    """A point where it is drawn."""

    x: float
    y: float
    title: str


@dataclass(frozen=True)
class Curve:
    """Files of one type, by rising size."""

    kind: str
    dots: tuple[Dot, ...]


@dataclass(frozen=True)
class Plot:
    """All that there is to draw."""

    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    curves: tuple[Curve, ...]
    description: str  # the same for those who do not see it


def plot(points: Sequence[Point]) -> Plot | None:
    """Axes and, in the order of the points, curves; None where under two points have a size and a finite PSNR."""
    points = [p for p in points if p.bytes > 0 and math.isfinite(p.psnr)]
    kinds = dict.fromkeys(p.kind for p in points)
    points.sort(key=lambda p: p.bytes)
    if len(points) < 2:
        return None
    x = _byte_axis(points[0].bytes, points[-1].bytes)
    y_ticks = _decibels(min(p.psnr for p in points), max(p.psnr for p in points))
    y = _Axis(y_ticks[0], y_ticks[-1], FRAME.bottom, FRAME.top)
    titles = {p: f"{p.label}: {_size(p.bytes)}, {p.psnr:.2f} dB" for p in points}
    curves = []
    for kind in kinds:
        dots = (Dot(x.place(math.log(p.bytes)), y.place(p.psnr), titles[p]) for p in points if p.kind == kind)
        curves.append(Curve(kind, tuple(dots)))
    return Plot(
        x_ticks=tuple(Tick(x.place(math.log(size)), _size(size)) for size in _sizes(x)),
        y_ticks=tuple(Tick(y.place(level), f"{level:g}") for level in y_ticks),
        curves=tuple(curves),
        description="; ".join(titles[p] for p in points),
    )


@dataclass(frozen=True)
class _Axis:
    """Values from `low` to `high` along the drawing from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start), 2)


def _byte_axis(smallest: int, largest: int) -> _Axis:
    """In the logarithm of the bytes, a little wider than the points and never less than a factor of 2."""
    low, high = math.log(smallest), math.log(largest)
    margin = max(0.06 * (high - low), 0.5 * (math.log(2) - (high - low)))
    return _Axis(low - margin, high + margin, FRAME.left, FRAME.right)


def _sizes(axis: _Axis) -> list[float]:
    """Round numbers of bytes on the axis, as many as have room; even steps where the axis is short."""
    low, high = math.exp(axis.low), math.exp(axis.high)
    for stride, digits in MANTISSAS:
        decades = range(0, math.ceil(axis.high / math.log(10)) + 1, stride)
        sizes = [digit * 10.0**decade for decade in decades for digit in digits]
        sizes = [size for size in sizes if low <= size <= high]
        places = [axis.place(math.log(size)) for size in sizes]
        if len(sizes) > 2 and all(b - a >= LABEL_ROOM for a, b in pairwise(places)):
            return sizes
    step = max(_round_step((high - low) / 5), 1.0)
    return [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _decibels(low: float, high: float) -> list[float]:
    """Round levels from below `low` to above `high`, at least 1 dB apart in all."""
    step = _round_step(max(high - low, 1.0) / 4)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [step * i for i in range(first, max(last, first + 1) + 1)]


def _round_step(step: float) -> float:
    """The next of 1, 2 or 5 times a power of ten."""
    decade: float = 10.0 ** math.floor(math.log10(step))
    return next(m * decade for m in (1, 2, 5, 10) if m * decade >= step * 0.999)


def _size(size: float) -> str:
    """As short as it gets: "500 B", "12.5 kB", "1.25 MB"."""
    for unit, name in ((1000**3, "GB"), (1000**2, "MB"), (1000, "kB")):
        if size >= unit:
            return f"{size / unit:.4g} {name}"
    return f"{size:.4g} B"
