"""What an error costs: by channel and by Gaussian.

D = sum over Gaussians i and channels c of importance[c] * weights[i, class of c] * error[i, c]^2
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ralhe.bitstream import USUAL_SHAPE
from ralhe.prepare.attributes import COLOUR, OPACITY, SHAPE
from ralhe.rasteriser.sensitivity import Influence

Float64 = npt.NDArray[np.float64]

STEP_RATIO = {"opacity": 1.5, "colour": 0.6, "shape": 1.0, "harmonics": 0.55}
"""Quantiser steps that buy equal quality (docs/design.md)."""

LAMBDA_PER_STEP = 0.12
"""lambda = 0.12 step^2: a uniform quantiser's slope is step^2 ln(2) / 6 = 0.116 step^2."""

WEIGHT_POWER = (0.25, 0.75, 0.25)
"""Before pictures tell, errors of opacity, colour and shape count by the weight of a Gaussian to this power."""

INFLUENCE_POWER = 0.5
"""Errors count by what they do to a picture, to this power: any from 0.25 to 1 is as good (docs/design.md)."""

LEAST_SHARE, LEAST_SLOPE = 1e-6, 1e-3
"""Least weight of a Gaussian, of the mean; least squared slope of an opacity over its logit, of itself."""

LARGEST_LATENT, REACH = 30_000, 3.6
"""Of the core; and how far apart the colours of a scene's halves may be for all that: black and white are 3.5."""


def channel_importance(channels: int) -> Float64:
    """[channels] inverse squares of the step ratios."""
    ratio = np.full(channels, STEP_RATIO["harmonics"])
    ratio[OPACITY], ratio[COLOUR], ratio[SHAPE] = STEP_RATIO["opacity"], STEP_RATIO["colour"], STEP_RATIO["shape"]
    return np.asarray(1.0 / ratio**2)


def channel_steps(channels: int, lmbda: float) -> Float64:
    """[channels] quantiser steps whose slope is lambda."""
    return np.sqrt(lmbda / LAMBDA_PER_STEP / channel_importance(channels))


def step_shape(leaves: int, lmbda: float) -> float:
    """How much faster than with the root of their weight the steps of a lambda fall; less than usual for fine steps of
    many leaves, or the largest merges would need latents that there are none of.
    """
    halves = leaves / 4  # weight of a merge of two halves, w1 w2 / (w1 + w2)
    room = LARGEST_LATENT * float(channel_steps(COLOUR.stop, lmbda)[COLOUR.start]) / REACH
    if halves <= 1 or room >= halves ** (0.5 + USUAL_SHAPE):
        return USUAL_SHAPE
    return max(0.0, math.log(room) / math.log(halves) - 0.5)


def gaussian_weights(weights: Float64) -> Float64:
    """[N, 3] weights of opacity, colour and shape errors, mean 1 each, from those of Gaussians [N]."""
    positive = np.maximum(weights, 1e-12 * max(float(weights.max(initial=0.0)), 1e-30))
    powers = np.stack([positive**power for power in WEIGHT_POWER], axis=1)
    return np.asarray(powers / powers.mean(axis=0))


def influence_weights(influence: Influence, opacities: npt.NDArray[np.float32]) -> Float64:
    """[N, 3] weights of opacity, colour and shape errors, mean 1 each, from what N Gaussians do to pictures.

    A logit moves its opacity o by o (1 - o); a shape moves the splat's alpha about as its opacity does.
    """
    slope = (1.0 - opacities.astype(np.float64)) ** 2 + LEAST_SLOPE
    squares = np.stack([influence.sensitivity * slope, influence.visibility, influence.sensitivity], axis=1)
    least = np.maximum(LEAST_SHARE * squares.mean(axis=0), 1e-30)
    powers = np.maximum(squares, least) ** INFLUENCE_POWER
    return np.asarray(powers / powers.mean(axis=0))
