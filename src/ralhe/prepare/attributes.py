"""The channels that are coded: opacity logit, colour, log-covariance, spherical harmonics."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ralhe.prepare.merge import Voxelised

BASE_CHANNELS = 10
OPACITY, COLOUR, SHAPE, HARMONICS = slice(0, 1), slice(1, 4), slice(4, BASE_CHANNELS), slice(BASE_CHANNELS, None)

OPPONENT = np.array([[1, 1, 1], [1, 0, -1], [-1, 2, -1]]) / np.sqrt([[3.0], [2.0], [6.0]])
"""Orthonormal luma and two chromas of R, G, B."""


def channels_of(sh_degree: int) -> int:
    """Attributes of a Gaussian."""
    return BASE_CHANNELS + 3 * ((sh_degree + 1) ** 2 - 1)


def attributes_of(scene: Voxelised) -> npt.NDArray[np.float32]:
    """[N, 10 + 3 K]: opacity logit, luma, chroma u, chroma v, six of the log-covariance, then the K harmonics of
    luma, of u and of v."""
    planes = scene.sh @ OPPONENT.T.astype(np.float32)  # [N, 1 + K, 3]
    harmonics = planes[:, 1:].transpose(0, 2, 1).reshape(len(scene), -1)
    parts = (scene.opacity_logits[:, None], planes[:, 0], scene.log_covariances, harmonics)
    return np.ascontiguousarray(np.concatenate(parts, axis=1), np.float32)
