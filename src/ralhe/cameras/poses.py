"""Where a camera stands and looks: from the conventions in use to one world-to-camera matrix.

COLMAP and the code of the 3DGS paper look along +z with y down, as `Camera` does. NeRF and Blender use
OpenGL's axes, y up and looking along -z.
"""

from __future__ import annotations

import numpy as np

from ralhe.cameras.camera import Matrix
from ralhe.errors import CameraError
from ralhe.rotations import rotation_matrices

OPENGL = np.diag([1.0, -1.0, -1.0])  # x right, y down, z forward in axes of x right, y up, z backward

ROUNDING = 0.01  # relative spread of the singular values of a rotation that went through text
EXACT = 1e-12


def from_camera_to_world(axes: Matrix, centre: Matrix) -> Matrix:
    """[4, 4] viewmat of the camera at `centre` [3], scene units, with right, down and forward as columns of
    `axes` [3, 3], a rotation that may be rounded or scaled. Raises CameraError when it is not one."""
    viewmat = np.eye(4)
    viewmat[:3, :3] = nearest_rotation(axes).T
    viewmat[:3, 3] = -viewmat[:3, :3] @ centre
    return viewmat


def from_world_to_camera(matrix: Matrix) -> Matrix:
    """[4, 4] viewmat of a world-to-camera `matrix` [4, 4] whose rotation may be rounded or scaled.

    An exact one stays as it is, bit by bit. Raises CameraError when it is no rotation and translation.
    """
    check_last_row(matrix)
    rotation = nearest_rotation(matrix[:3, :3])
    if np.array_equal(rotation, matrix[:3, :3]):
        return matrix
    return from_camera_to_world(rotation.T, -np.linalg.inv(matrix[:3, :3]) @ matrix[:3, 3])


def check_last_row(matrix: Matrix) -> None:
    """Refuses a [4, 4] matrix that is more than a rotation and a translation; [3, 4] has no such row."""
    if not np.allclose(matrix[3:], [0, 0, 0, 1], rtol=0, atol=1e-6):
        raise CameraError(f"last row of the matrix is {matrix[3].tolist()}, expected 0 0 0 1")


def nearest_rotation(matrix: Matrix) -> Matrix:
    """[3, 3] the rotation nearest to `matrix` [3, 3], a rotation times a positive number but for rounding.

    The polar factor U V^T of matrix = U S V^T (Higham, "Computing the polar decomposition", 1986, section 2).
    Raises CameraError when the matrix shears or mirrors.
    """
    if np.allclose(matrix @ matrix.T, np.eye(3), rtol=0, atol=EXACT) and np.linalg.det(matrix) > 0:
        return matrix
    u, spread, vt = np.linalg.svd(matrix)
    scale = spread.mean()
    rotation = np.asarray(u @ vt)
    if not (scale > 0 and np.ptp(spread) <= ROUNDING * scale and np.linalg.det(rotation) > 0):
        raise CameraError(f"rotation is {matrix.tolist()}, which shears or mirrors; expected a rotation")
    return rotation


def from_quaternion(quaternion: Matrix) -> Matrix:
    """[3, 3] the rotation of `quaternion` [4] w, x, y, z of any norm but 0."""
    norm = np.linalg.norm(quaternion)
    if not 0 < norm < np.inf:
        raise CameraError(f"quaternion is {quaternion.tolist()}, expected four finite numbers that are not all 0")
    return np.asarray(rotation_matrices((quaternion / norm)[None])[0])
