"""Log-covariances: six numbers that hold scales and rotation, there and back through the core."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from ralhe import bitstream
from ralhe.prepare.covariance import covariances, log_covariances, scales_and_rotations
from ralhe.prepare.voxels import VoxelGrid
from ralhe.rotations import rotation_matrices
from tests.scenes import matrices_of
from tests.streams import make_stream


def unit_quaternions(n: int, seed: int = 0) -> npt.NDArray[np.float64]:
    q = np.random.default_rng(seed).normal(size=(n, 4))
    return np.asarray(q / np.linalg.norm(q, axis=1, keepdims=True))


def test_rotations_turn_axes() -> None:
    quarter = np.array([[0.5**0.5, 0, 0, 0.5**0.5]])  # about z
    np.testing.assert_allclose(rotation_matrices(quarter)[0] @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    matrices = rotation_matrices(unit_quaternions(50))
    np.testing.assert_allclose(matrices @ matrices.transpose(0, 2, 1), np.tile(np.eye(3), (50, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(matrices), 1, atol=1e-12)


def test_log_covariance_is_half_the_matrix_logarithm() -> None:
    scales, rotations = np.random.default_rng(1).normal(size=(30, 3)), unit_quaternions(30)
    values, vectors = np.linalg.eigh(covariances(scales, rotations))
    logarithms = (vectors * (0.5 * np.log(values))[:, None, :]) @ vectors.transpose(0, 2, 1)
    np.testing.assert_allclose(matrices_of(log_covariances(scales, rotations, 0.0)), logarithms, atol=1e-9)


@pytest.mark.parametrize("scales", [(0.1, -2, 1), (-3, -3, -3), (0, 0, -9)])
def test_scales_and_rotations_have_the_same_logarithm(scales: tuple[float, ...]) -> None:
    given = log_covariances(np.tile(np.array(scales), (50, 1)), unit_quaternions(50), 0.0)
    found, rotations = scales_and_rotations(given)
    np.testing.assert_allclose(np.linalg.norm(rotations, axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(found, np.tile(np.sort(scales), (50, 1)), atol=1e-9)
    np.testing.assert_allclose(log_covariances(found, rotations, 0.0), given, atol=1e-9)


def test_norms_are_kept() -> None:
    scales, rotations = np.random.default_rng(2).normal(size=(30, 3)), unit_quaternions(30)
    six = log_covariances(scales, rotations, 0.0)
    np.testing.assert_allclose((six**2).sum(axis=1), (scales**2).sum(axis=1), rtol=1e-9)


def test_quaternions_and_their_matrices_say_the_same() -> None:
    scales, rotations = np.random.default_rng(3).normal(size=(20, 3)), unit_quaternions(20)
    by_matrix = log_covariances(scales, rotation_matrices(rotations), 0.0)
    np.testing.assert_allclose(log_covariances(scales, rotations, 0.0), by_matrix, atol=1e-12)


def test_sign_and_order_of_axes_do_not_matter() -> None:
    scales, rotations = np.array([[-1.0, -2.0, -3.0]]), unit_quaternions(1)
    cyclic = np.array([[0.5, 0.5, 0.5, 0.5]])  # turns x to y, y to z, z to x
    matrix = rotation_matrices(rotations) @ rotation_matrices(cyclic)
    turned = log_covariances(np.array([[-2.0, -3.0, -1.0]]), matrix, 0.0)
    np.testing.assert_allclose(log_covariances(scales, rotations, 0.0), turned, atol=1e-12)
    np.testing.assert_allclose(log_covariances(scales, -rotations, 0.0), turned, atol=1e-12)


def test_floor_lifts_thin_axes() -> None:
    six = log_covariances(np.array([[0.0, -1.0, -20.0]]), np.array([[1.0, 0, 0, 0]]), floor=0.01)
    np.testing.assert_allclose(six[0], [0, -1, np.log(0.01), 0, 0, 0], atol=1e-12)


@pytest.mark.parametrize("size", [0.01, 1.0, 6.0])
def test_decoded_scales_and_rotations_are_the_coded_covariance(size: float) -> None:
    codes = np.arange(512, dtype=np.uint64)
    rng = np.random.default_rng(4)
    scales, rotations = rng.normal(scale=size, size=(512, 3)), unit_quaternions(512, seed=4)
    scales[:100, 1] = scales[:100, 0]  # round ones, whose axes are free
    scales[:50, 2] = scales[:50, 0]
    attributes = np.zeros((512, 10), np.float32)
    attributes[:, 4:] = log_covariances(scales, rotations, 0.0)
    made = make_stream(codes, 3, attributes=attributes, lmbda=0.0)
    coded, _ = made.encoder.decoded()
    decoded = bitstream.decode(made.data)
    assert np.array_equal(VoxelGrid(3, (0.0,) * 3, 1.0).codes(decoded.positions), codes)
    found = log_covariances(decoded.log_scales, decoded.rotations, 0.0)
    np.testing.assert_allclose(found, coded[:, 4:], atol=2e-5 * max(size, 1), rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(decoded.rotations, axis=1), 1, atol=1e-5)
