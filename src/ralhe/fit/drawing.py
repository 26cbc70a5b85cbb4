"""Attributes as the stream carries them, drawn: differentiable from a picture back to every channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ralhe.fit.pictures import Picture
from ralhe.gaussians import Array
from ralhe.parameters import Integers
from ralhe.prepare import Voxelised
from ralhe.prepare.attributes import COLOUR, HARMONICS, OPPONENT, SHAPE
from ralhe.prepare.harmonics import SCALE
from ralhe.rasteriser import Splats
from ralhe.rasteriser.gpu import drawing_device
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
        self._means = self.tensor(scene.grid.centres(scene.codes))
        self._opponent = self.tensor(OPPONENT)
        self._coefficients = scene.sh.shape[1] - 1
        shape = 3, self._coefficients, self._coefficients
        self._basis = self.tensor((basis / SCALE).reshape(shape)) if len(basis) else None
        self._antialiased = antialiased

    def tensor(self, array: npt.NDArray[np.floating]) -> Tensor:
        """The array in single precision, where pictures are drawn."""
        return torch.from_numpy(array.astype(np.float32, copy=False)).to(drawing_device())

    def splats_of(self, decoded: Array) -> Splats:
        """What a decoder draws that came to these attributes."""
        return self.splats(self.tensor(decoded))

    def splats(self, attributes: Tensor) -> Splats:
        """What the rasteriser draws; gradients flow back to the attributes."""
        planes = attributes[:, None, COLOUR]
        if self._coefficients:
            harmonics = attributes[:, HARMONICS].reshape(-1, 3, self._coefficients)
            if self._basis is not None:
                harmonics = torch.einsum("npj,pij->npi", harmonics, self._basis)
            planes = torch.cat([planes, harmonics.transpose(1, 2)], 1)
        covariances, opacities = exponential_covariances(attributes[:, SHAPE]), torch.sigmoid(attributes[:, 0])
        return Splats(self._means, covariances, opacities, planes @ self._opponent, self._antialiased)

    def curvature(self, attributes: Array, pictures: Sequence[Picture], looked: Callable[[], bool]) -> Array:
        """[N, channels] how the squared error of a mean picture bends with each attribute, halved: an estimate.

        The sum of the pixels of a picture under random signs has a slope whose square is, on average over signs, the
        sum of the squared slopes of the pixels: the diagonal of the Gauss-Newton matrix (Hutchinson's estimate, one
        sample a picture). looked: called after each picture; False ends the work.
        """
        leaves = self.tensor(attributes).requires_grad_()
        random, total, drawn = torch.Generator().manual_seed(0), torch.zeros_like(leaves), 0
        for picture in pictures:
            colour = picture.drawn(self.splats(leaves))
            signs = torch.randint(0, 2, colour.shape, generator=random).to(colour) * 2 - 1
            total += picture.weight * torch.autograd.grad(colour, leaves, signs)[0].square()
            drawn += 1
            if not looked():
                break
        return np.asarray((total / max(drawn, 1)).cpu().numpy())


def told_curvature(influence: Influence, opacities: Tensor, channels: int) -> Array:
    """[N, channels] about the same from `Influence`, for every Gaussian alike.

    A logit moves its opacity o by o (1 - o).
    """
    out = np.empty((len(opacities), channels))
    out[:, 0] = influence.sensitivity * (1 - opacities.numpy().astype(np.float64)) ** 2
    out[:, 1:] = influence.visibility[:, None] * COLOUR_SQUARE
    out[:, SHAPE] = influence.sensitivity[:, None] * SHAPE_SQUARE
    return out.astype(np.float32)
