"""A basis of the scene's own for its spherical harmonics: few channels hold most of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ralhe.prepare.attributes import BASE_CHANNELS

SCALE = 127.0


def harmonic_basis(attributes: npt.NDArray[np.float32], weights: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    """[3, K, K] for luma and both chromas, in 127ths: columns are principal axes (Karhunen and Loeve), strongest first.

    attributes [N, 10 + 3 K]; weights [N]. Harmonics have no mean worth taking out.
    """
    planes = []
    for plane in _planes(attributes):
        moment = (plane * weights[:, None]).T @ plane / max(float(weights.sum()), 1e-30)
        _, axes = np.linalg.eigh(moment)
        planes.append(np.rint(axes[:, ::-1] * SCALE).astype(np.int32))
    return np.stack(planes)


def in_basis(attributes: npt.NDArray[np.float32], basis: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
    """The same attributes with harmonics as coordinates in the basis."""
    planes = [np.linalg.solve(axes / SCALE, plane.T).T for axes, plane in zip(basis, _planes(attributes), strict=True)]
    return np.concatenate([attributes[:, :BASE_CHANNELS], *planes], axis=1).astype(np.float32)


def _planes(attributes: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float64]]:
    return np.split(attributes[:, BASE_CHANNELS:].astype(np.float64), 3, axis=1)
