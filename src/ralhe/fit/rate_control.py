"""The lambda whose stream is just below a size."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

TOLERANCE = 0.03
LAMBDA_RANGE = (5e-5, 64.0)
"""Finer steps make latents of the top levels larger than the stream can hold: below 1e-5 errors grow again."""

USUAL_SLOPE = -0.35  # of log size over log lambda
SLOPES = -0.8, -0.1  # that another search may begin with: what two walks say of a curve's end says little of its middle
SAME = 0.004  # of log lambda: not worth another walk
LONGEST = 3.0  # step of a search, of log lambda
MARGIN = 0.02  # of the bracket, between a walk and the one before at its end
SECANTS = 4  # walks, before a search halves its bracket where it creeps


def is_finest(lmbda: float) -> bool:
    """Whether a lambda is the least there is, but for rounding."""
    return lmbda <= LAMBDA_RANGE[0] * 1.01


def is_coarsest(lmbda: float) -> bool:
    """Whether a lambda is the largest there is, but for rounding."""
    return lmbda >= LAMBDA_RANGE[1] * 0.99


def error_with(size: int, reached: int, error: float) -> float:
    """What the squared error of a stream of `reached` bytes would come to with the whole size: a quarter at twice as
    many bytes, where bits are many."""
    return error * (reached / size) ** 2


class Found(NamedTuple):
    """What a search came to."""

    lmbda: float
    size: int  # bytes
    slope: float  # of the curve there, within SLOPES, for the next search


class Point(NamedTuple):
    """Of the curve."""

    x: float  # log lambda
    size: int


def search_lambda(size_at: Callable[[float], int], target: int, start: float, walks: int,
                  tolerance: float = TOLERANCE, slope: float = USUAL_SLOPE, span: float = math.inf,
                  ) -> Found:  # fmt: skip
    """Secant search on log size over log lambda, kept inside the bracket; at most `walks` evaluations.

    slope: what is thought to be that of the curve, before two points of it are known. span: factor by which lambda may
    differ from its start. Finds the largest size not above the target or, where all are above, the smallest.
    """
    low, high = (math.log(x) for x in (max(LAMBDA_RANGE[0], start / span), min(LAMBDA_RANGE[1], start * span)))
    aim = math.log(target * (1 - tolerance / 2))
    tried: list[Point] = []
    start = min(max(start, LAMBDA_RANGE[0]), LAMBDA_RANGE[1])
    x = math.log(start)
    for _ in range(walks):
        size = size_at(math.exp(x) if tried else start)
        tried.append(Point(x, size))
        slope = _slope(tried, aim, slope)
        if target * (1 - tolerance) <= size <= target or (size <= target and x <= low) or (size > target and x >= high):
            break
        if size > target:
            low = max(low, x)
        else:
            high = min(high, x)
        x = _next(tried, aim, low, high, slope)
        if any(abs(x - known.x) < SAME for known in tried):
            break
    below = [t for t in tried if t.size <= target]
    best = max(below, key=lambda t: t.size) if below else min(tried, key=lambda t: t.size)
    least, most = SLOPES
    return Found(start if best is tried[0] else math.exp(best.x), best.size, min(max(slope, least), most))


def _around(tried: list[Point], aim: float) -> list[Point]:
    """The two points nearest to the aim, the nearest first: one on each side of it where there are such."""
    nearest, *others = sorted(tried, key=lambda t: abs(math.log(t.size) - aim))
    across = [t for t in others if (math.log(t.size) < aim) != (math.log(nearest.size) < aim)]
    return [nearest, *(across or others)[:1]]


def _slope(tried: list[Point], aim: float, slope: float) -> float:
    """Of the curve at the aim; the given one where two points do not tell."""
    if len(tried) < 2:
        return slope
    one, other = _around(tried, aim)
    if abs(one.x - other.x) < SAME or one.size == other.size:
        return slope
    return min(-0.02, math.log(one.size / other.size) / (one.x - other.x))


def _next(tried: list[Point], aim: float, low: float, high: float, slope: float) -> float:
    """Log lambda of the next walk: where the slope leads, inside the bracket; once SECANTS have not found the size and
    another would only creep along an end that was walked, the middle."""
    nearest = _around(tried, aim)[0]
    step = min(max((aim - math.log(nearest.size)) / slope, -LONGEST), LONGEST)
    guess = min(max(nearest.x + step, low), high)
    margin = MARGIN * (high - low)
    walked = [t.x for t in tried]
    least, most = low + margin * (low in walked), high - margin * (high in walked)
    if len(tried) > 1 and not least <= guess <= most:
        return (low + high) / 2 if len(tried) > SECANTS else min(max(guess, least), most)
    return guess
