"""Real spherical harmonics of degree 0 to 3 and their slopes, in the order and signs of trained scenes.

Y_lm in Cartesian form (Sloan, "Efficient Spherical Harmonic Evaluation", JCGT 2013), with the signs of the original
rasteriser: coefficient k = l * l + l + m.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ralhe.gaussians import SH_C0
from ralhe.kernels import inline

Scratch = npt.NDArray[np.float64]

C1 = 0.4886025119029199
C2A, C2B, C2C = 1.0925484305920792, 0.31539156525252005, 0.5462742152960396
C3A, C3B, C3C = 0.5900435899266435, 2.890611442640554, 0.4570457994644658
C3D, C3E = 0.3731763325901154, 1.445305721320277


@inline
def basis(count: int, x: float, y: float, z: float, out: Scratch) -> None:
    """out[:count] = Y_k of the unit vector x, y, z."""
    out[0] = SH_C0
    if count > 1:
        out[1] = -C1 * y
        out[2] = C1 * z
        out[3] = -C1 * x
    if count > 4:
        out[4] = C2A * x * y
        out[5] = -C2A * y * z
        out[6] = C2B * (2 * z * z - x * x - y * y)
        out[7] = -C2A * x * z
        out[8] = C2C * (x * x - y * y)
    if count > 9:
        out[9] = -C3A * y * (3 * x * x - y * y)
        out[10] = C3B * x * y * z
        out[11] = -C3C * y * (4 * z * z - x * x - y * y)
        out[12] = C3D * z * (2 * z * z - 3 * x * x - 3 * y * y)
        out[13] = -C3C * x * (4 * z * z - x * x - y * y)
        out[14] = C3E * z * (x * x - y * y)
        out[15] = -C3A * x * (x * x - 3 * y * y)


@inline
def basis_slope(count: int, x: float, y: float, z: float, out: Scratch) -> None:
    """out[k] = gradient of the polynomial Y_k at x, y, z, for k < count; out is [16, 3]."""
    out[0, 0] = out[0, 1] = out[0, 2] = 0.0
    if count > 1:
        _row(out, 1, 0.0, -C1, 0.0)
        _row(out, 2, 0.0, 0.0, C1)
        _row(out, 3, -C1, 0.0, 0.0)
    if count > 4:
        _row(out, 4, C2A * y, C2A * x, 0.0)
        _row(out, 5, 0.0, -C2A * z, -C2A * y)
        _row(out, 6, -2 * C2B * x, -2 * C2B * y, 4 * C2B * z)
        _row(out, 7, -C2A * z, 0.0, -C2A * x)
        _row(out, 8, 2 * C2C * x, -2 * C2C * y, 0.0)
    if count > 9:
        _row(out, 9, -6 * C3A * x * y, -3 * C3A * (x * x - y * y), 0.0)
        _row(out, 10, C3B * y * z, C3B * x * z, C3B * x * y)
        _row(out, 11, 2 * C3C * x * y, -C3C * (4 * z * z - x * x - 3 * y * y), -8 * C3C * y * z)
        _row(out, 12, -6 * C3D * x * z, -6 * C3D * y * z, 3 * C3D * (2 * z * z - x * x - y * y))
        _row(out, 13, -C3C * (4 * z * z - 3 * x * x - y * y), 2 * C3C * x * y, -8 * C3C * x * z)
        _row(out, 14, 2 * C3E * x * z, -2 * C3E * y * z, C3E * (x * x - y * y))
        _row(out, 15, -3 * C3A * (x * x - y * y), 6 * C3A * x * y, 0.0)


@inline
def _row(out: Scratch, k: int, x: float, y: float, z: float) -> None:
    out[k, 0] = x
    out[k, 1] = y
    out[k, 2] = z
