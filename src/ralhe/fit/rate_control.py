"""The lambda whose stream is just below a size."""

from __future__ import annotations

import math
from collections.abc import Callable

TOLERANCE = 0.03
LAMBDA_RANGE = (5e-5, 64.0)
"""Finer steps make latents of the top levels larger than the stream can hold: below 1e-5 errors grow again."""

USUAL_SLOPE = -0.35
SAME = 0.004  # of log lambda: not worth another walk


def is_finest(lmbda: float) -> bool:
    """Whether a lambda is the least there is, but for rounding."""
    return lmbda <= LAMBDA_RANGE[0] * 1.01


def is_coarsest(lmbda: float) -> bool:
    """Whether a lambda is the largest there is, but for rounding."""
    return lmbda >= LAMBDA_RANGE[1] * 0.99


def search_lambda(size_at: Callable[[float], int], target: int, start: float, walks: int,
                  tolerance: float = TOLERANCE, slope: float = USUAL_SLOPE, span: float = math.inf,
                  ) -> tuple[float, int]:  # fmt: skip
    """Secant search on log size over log lambda, kept inside the bracket; at most `walks` evaluations.

    slope: what is thought to be that of the curve, before two points of it are known. span: factor by which lambda may
    differ from its start. Returns the largest size not above the target with its lambda or, where all are above, the
    smallest.
    """
    low, high = (math.log(x) for x in (max(LAMBDA_RANGE[0], start / span), min(LAMBDA_RANGE[1], start * span)))
    aim = math.log(target * (1 - tolerance / 2))
    tried: list[tuple[float, int]] = []
    start = min(max(start, LAMBDA_RANGE[0]), LAMBDA_RANGE[1])
    x = math.log(start)
    for _ in range(walks):
        size = size_at(math.exp(x) if tried else start)
        tried.append((x, size))
        if target * (1 - tolerance) <= size <= target or (size <= target and x <= low) or (size > target and x >= high):
            break
        if size > target:
            low = max(low, x)
        else:
            high = min(high, x)
        x = _next(tried, aim, low, high, slope)
        if any(abs(x - known) < SAME for known, _ in tried):
            break
    below = [t for t in tried if t[1] <= target]
    best = max(below, key=lambda t: t[1]) if below else min(tried, key=lambda t: t[1])
    return start if best is tried[0] else math.exp(best[0]), best[1]


def _next(tried: list[tuple[float, int]], aim: float, low: float, high: float, slope: float) -> float:
    x, y = tried[-1][0], math.log(tried[-1][1])
    if len(tried) > 1:
        nearest = sorted(tried, key=lambda t: abs(math.log(t[1]) - aim))[:2]
        (x, size), (x0, size0) = nearest
        y = math.log(size)
        if x != x0 and size != size0:
            slope = min(-0.02, (y - math.log(size0)) / (x - x0))
    step = min(max((aim - y) / slope, -3.0), 3.0)
    guess = min(max(x + step, low), high)
    margin = 0.02 * (high - low)
    walked = [t[0] for t in tried]
    least, most = low + margin * (low in walked), high - margin * (high in walked)
    if len(tried) > 1 and not least <= guess <= most:
        return (low + high) / 2 if len(tried) > 4 else min(max(guess, least), most)
    return guess
