"""Attributes as the stream carries them, drawn: differentiable from a picture back to every channel."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ralhe.parameters import Integers
from ralhe.prepare import Voxelised
from ralhe.prepare.attributes import BASE_CHANNELS, OPPONENT
from ralhe.prepare.harmonics import SCALE
from ralhe.rasteriser import Splats
from ralhe.rasteriser.log_covariance import exponential_covariances
from ralhe.rasteriser.sensitivity import Influence

COLOUR_SQUARE = 1 / (4 * np.pi)
"""Mean square of any one harmonic over directions, and that of the constant one."""

SHAPE_SQUARE = 0.75
"""What a channel of the log-covariance does to a splat's alpha, squared, against its opacity: measured."""


class Drawing:
    """Turns [N, 10 + 3 K] attributes of the voxels of a scene into splats."""

    def __init__(self, scene: Voxelised, basis: Integers, antialiased: bool) -> None:
        """basis: [3 * K * K] in 127ths, or empty."""
        self._means = torch.from_numpy(scene.grid.centres(scene.codes))
        self._opponent = torch.from_numpy(OPPONENT.astype(np.float32))
        self._coefficients = scene.sh.shape[1] - 1
        shape = 3, self._coefficients, self._coefficients
        self._basis = torch.from_numpy((basis / SCALE).astype(np.float32).reshape(shape)) if len(basis) else None
        self._antialiased = antialiased

    def splats(self, attributes: Tensor) -> Splats:
        """What the rasteriser draws; gradients flow back to the attributes."""
        planes = attributes[:, None, 1:4]
        if self._coefficients:
            harmonics = attributes[:, BASE_CHANNELS:].reshape(-1, 3, self._coefficients)
            if self._basis is not None:
                harmonics = torch.einsum("npj,pij->npi", harmonics, self._basis)
            planes = torch.cat([planes, harmonics.transpose(1, 2)], 1)
        covariances, opacities = exponential_covariances(attributes[:, 4:10]), torch.sigmoid(attributes[:, 0])
        return Splats(self._means, covariances, opacities, planes @ self._opponent, self._antialiased)


def attribute_curvature(influence: Influence, opacities: Tensor, channels: int) -> np.typing.NDArray[np.float32]:
    """[N, channels] diagonal of the Gauss-Newton matrix of the squared error of pictures: see `Influence`.

    A logit moves its opacity o by o (1 - o).
    """
    out = np.empty((len(opacities), channels))
    out[:, 0] = influence.sensitivity * (1 - opacities.numpy().astype(np.float64)) ** 2
    out[:, 1:] = influence.visibility[:, None] * COLOUR_SQUARE
    out[:, 4:BASE_CHANNELS] = influence.sensitivity[:, None] * SHAPE_SQUARE
    return out.astype(np.float32)
