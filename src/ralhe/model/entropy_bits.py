"""Bits of latents under an entropy network and their slopes, one merge after another.

Most harmonics are zero and most of their groups are called so by a flag. Only what is coded is looked at, which no
operation on whole batches could do.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ralhe.kernels import inline, serial

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

LOG_SCALE_MIN, LOG_SCALE_MAX = -3.5, 9.0
LEAST_ZERO, LEAST_SIDE, MOST_RATIO = 2.0**-12, -11.0, 0.9999
LOG2E = 1.4426950408889634

f32 = np.float32


class Tensors(NamedTuple):
    """What comes after the hidden layer of an entropy network, or slopes by it; D channels, H wide, G groups."""

    back: F32  # [D, H]
    out: F32  # [D, H, 3]
    out_bias: F32  # [D, 3]
    skip: F32  # [D, 3, 3], or [0, 3, 3]
    flag: F32  # [G + 1, H], or [0, H]
    flag_bias: F32  # [G + 1], or [0]


def bits_and_slopes(first: F32, seen: F32, latents: F32, ends: I64, tensors: Tensors) -> tuple[float, F32, Tensors]:
    """Bits of integer latents [M, D], and how they change with `first` and with the tensors.

    first [M, H]: the hidden layer before the first channel. seen [M, 3, D]: what skips it, or [M, 0, 0]. ends [G]:
    channels where groups end; empty where every channel is coded.
    """
    turned = _turned(tensors)
    first_slopes, slopes = np.zeros_like(first), Tensors(*(np.zeros_like(tensor) for tensor in turned))
    bits = walk_merges(first, seen, latents, ends, turned, first_slopes, slopes)
    return bits, first_slopes, _turned(slopes)


def _turned(tensors: Tensors) -> Tensors:
    """With out [D, 3, H] for [D, H, 3], or the other way round: loops go along H."""
    return tensors._replace(out=np.ascontiguousarray(tensors.out.transpose(0, 2, 1)))


@serial
def walk_merges(first: F32, seen: F32, latents: F32, ends: I64, tensors: Tensors, first_slopes: F32,
                slopes: Tensors) -> float:  # fmt: skip
    """Bits, with `out` turned; adds to slopes, and to first_slopes [M, H]."""
    channels, width = latents.shape[1], first.shape[1]
    grouped = len(ends) > 0
    stops = ends if grouped else np.full(1, channels)
    hidden = np.empty((channels + 1, width), f32)
    laws, squashed = np.empty((channels, 3), f32), np.empty(channels, f32)
    flagged = np.empty(len(stops) + 1, f32)  # slopes by logit
    used = np.empty(len(stops) + 1, np.bool_)  # whether there is anything in all of it, and in each group
    bits = 0.0
    for m in range(len(latents)):
        hidden[0] = first[m]
        mark_used(latents[m], stops, grouped, used)
        bits += float(forwards(seen[m], latents[m], stops, grouped, tensors, used, hidden, laws, squashed, flagged))
        backwards(seen[m], stops, grouped, tensors, used, hidden, laws, squashed, flagged, slopes, first_slopes[m])
    return bits


@inline
def mark_used(latents: F32, stops: I64, grouped: bool, used: Flags) -> None:
    """Fills used: where there are no groups, everything is."""
    used[:] = not grouped
    begin = 0
    for g in range(len(stops)):
        for c in range(begin, stops[g]):
            used[g + 1] |= latents[c] != 0
        used[0] |= used[g + 1]
        begin = stops[g]


@inline
def forwards(seen: F32, latents: F32, stops: I64, grouped: bool, tensors: Tensors, used: Flags, hidden: F32, laws: F32,
             squashed: F32, flagged: F32) -> np.float32:  # fmt: skip
    """Bits of a merge whose hidden[0] is there; fills the rest of hidden and the slopes by laws and by logits."""
    back, out, out_bias, skip, flag, flag_bias = tensors
    width, bits = hidden.shape[1], f32(0)
    if grouped:
        cost, flagged[0] = flag_cost(hidden[0], flag[0], flag_bias[0], used[0])
        bits += cost
    begin = 0
    for g in range(len(stops) if used[0] else 0):
        if grouped:
            cost, flagged[g + 1] = flag_cost(hidden[begin], flag[g + 1], flag_bias[g + 1], used[g + 1])
            bits += cost
        end = stops[g] if used[g + 1] else begin
        for c in range(begin, end):
            mu, s0, s1 = out_bias[c, 0], out_bias[c, 1], out_bias[c, 2]
            for j in range(width):
                h = max(hidden[c, j], f32(0))
                mu += h * out[c, 0, j]
                s0 += h * out[c, 1, j]
                s1 += h * out[c, 2, j]
            for i in range(3 if len(skip) > 0 else 0):
                mu += seen[i, c] * skip[c, i, 0]
                s0 += seen[i, c] * skip[c, i, 1]
                s1 += seen[i, c] * skip[c, i, 2]
            cost, laws[c, 0], laws[c, 1], laws[c, 2] = latent_cost(latents[c], mu, s0, s1)
            bits += cost
            squashed[c] = squash(latents[c])
            for j in range(width):
                hidden[c + 1, j] = hidden[c, j] + squashed[c] * back[c, j]
        if not used[g + 1]:
            hidden[stops[g]] = hidden[begin]
        begin = stops[g]
    return bits


@inline
def backwards(seen: F32, stops: I64, grouped: bool, tensors: Tensors, used: Flags, hidden: F32, laws: F32,
              squashed: F32, flagged: F32, slopes: Tensors, down: F32) -> None:  # fmt: skip
    """Adds the slopes of a merge, after `forwards`, to those by tensor and, in down [H], by the first hidden layer."""
    _, out, _, skip, flag, _ = tensors
    back_slopes, out_slopes, bias_slopes, skip_slopes, flag_slopes, flag_bias_slopes = slopes
    for g in range(len(stops) - 1 if used[0] else -1, -1, -1):
        begin = stops[g - 1] if g > 0 else 0
        end = stops[g] if used[g + 1] else begin
        for c in range(end - 1, begin - 1, -1):
            mu, s0, s1 = laws[c, 0], laws[c, 1], laws[c, 2]
            for i in range(3 if len(skip) > 0 else 0):
                skip_slopes[c, i, 0] += seen[i, c] * mu
                skip_slopes[c, i, 1] += seen[i, c] * s0
                skip_slopes[c, i, 2] += seen[i, c] * s1
            for j in range(hidden.shape[1]):
                h = max(hidden[c, j], f32(0))
                back_slopes[c, j] += squashed[c] * down[j]
                out_slopes[c, 0, j] += h * mu
                out_slopes[c, 1, j] += h * s0
                out_slopes[c, 2, j] += h * s1
                through = out[c, 0, j] * mu + out[c, 1, j] * s0 + out[c, 2, j] * s1
                down[j] += through if h > f32(0) else f32(0)
            bias_slopes[c, 0] += mu
            bias_slopes[c, 1] += s0
            bias_slopes[c, 2] += s1
        if grouped:
            add_flag(hidden[begin], flag[g + 1], flagged[g + 1], flag_slopes[g + 1], down)
            flag_bias_slopes[g + 1] += flagged[g + 1]
    if grouped:
        add_flag(hidden[0], flag[0], flagged[0], flag_slopes[0], down)
        flag_bias_slopes[0] += flagged[0]


@inline
def flag_cost(hidden: F32, weights: F32, bias: np.float32, is_set: bool) -> tuple[np.float32, np.float32]:
    """Bits of a flag, and their slope by its logit."""
    z = bias
    for j in range(len(hidden)):
        z += max(hidden[j], f32(0)) * weights[j]
    e = math.exp(-abs(z))
    share = (f32(1) if z >= f32(0) else e) / (f32(1) + e)
    wanted = f32(1) if is_set else f32(0)
    cost = max(z, f32(0)) - z * wanted + math.log1p(e)
    return f32(LOG2E) * cost, f32(LOG2E) * (share - wanted)


@inline
def add_flag(hidden: F32, weights: F32, slope: np.float32, weight_slopes: F32, down: F32) -> None:
    """Slopes of a flag's weights and of the hidden layer before it."""
    for j in range(len(hidden)):
        weight_slopes[j] += max(hidden[j], f32(0)) * slope
        down[j] += weights[j] * slope if hidden[j] > f32(0) else f32(0)


@inline
def squash(k: np.float32) -> np.float32:
    """What the hidden layer gets to see of a latent."""
    size = f32(0.5 * LOG2E) * math.log1p(abs(k))
    return -size if k < f32(0) else size


@inline
def latent_cost(k: np.float32, mu: np.float32, s0: np.float32,
                s1: np.float32) -> tuple[np.float32, np.float32, np.float32, np.float32]:  # fmt: skip
    """Bits of an integer latent under its law (core/network.h), and their slopes by mu, s0 and s1.

    r = k - round(mu) is zero, up or down as a Laplace law of scale exp(s0) says, |r| - 1 geometric with ratio
    exp(-exp(-s1)). The magnitude's slope by mu is that of one which was not rounded.
    """
    rate0 = math.exp(-min(max(s0, f32(LOG_SCALE_MIN)), f32(LOG_SCALE_MAX)))
    free0, free1 = f32(LOG_SCALE_MIN) <= s0 <= f32(LOG_SCALE_MAX), f32(LOG_SCALE_MIN) <= s1 <= f32(LOG_SCALE_MAX)
    shift = np.floor(mu + f32(0.5))
    f = mu - shift
    r = k - shift
    if r == f32(0):
        up, down = f32(0.5) * math.exp((f - f32(0.5)) * rate0), f32(0.5) * math.exp((-f - f32(0.5)) * rate0)
        zero = f32(1) - up - down
        if zero < f32(LEAST_ZERO):
            return f32(12), f32(0), f32(0), f32(0)
        scale = f32(LOG2E) * rate0 / zero
        d_s0 = ((f32(0.5) - f) * up + (f32(0.5) + f) * down) * scale if free0 else f32(0)
        return f32(-LOG2E) * math.log(zero), (up - down) * scale, d_s0, f32(0)
    sign = f32(1) if r > f32(0) else f32(-1)
    away = f32(0.5) - sign * f
    side = -away * rate0 - f32(math.log(2))
    d_mu, d_s0 = -sign * rate0, -away * rate0
    if side < f32(LEAST_SIDE):
        side, d_mu, d_s0 = f32(LEAST_SIDE), f32(0), f32(0)
    rate1 = math.exp(-min(max(s1, f32(LOG_SCALE_MIN)), f32(LOG_SCALE_MAX)))
    ratio, size = f32(math.exp(-rate1)), abs(r) - f32(1)
    mean = ratio / (f32(1) - ratio) if ratio < f32(MOST_RATIO) else f32(0)
    magnitude = size * rate1 - math.log1p(-min(ratio, f32(MOST_RATIO)))
    d_mu -= rate1 if k > mu else -rate1
    d_s0 = d_s0 if free0 else f32(0)
    d_s1 = -rate1 * (size - mean) if free1 else f32(0)
    return f32(LOG2E) * (magnitude - side), f32(LOG2E) * d_mu, f32(LOG2E) * d_s0, f32(LOG2E) * d_s1
