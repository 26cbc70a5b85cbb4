"""The basis of the harmonics."""

import numpy as np

from ralhe.prepare import harmonic_basis, in_basis


def attributes(n: int, coefficients: int) -> np.ndarray:
    rng = np.random.default_rng(5)
    mix = rng.normal(size=(3 * coefficients, 3 * coefficients))
    harmonics = rng.normal(size=(n, 3 * coefficients)) * 0.5 ** np.arange(3 * coefficients) @ mix
    return np.concatenate([rng.normal(size=(n, 10)), harmonics], axis=1).astype(np.float32)


def test_basis_times_coordinates_is_the_scene() -> None:
    scene = attributes(400, 8)
    basis = harmonic_basis(scene, np.ones(400))
    assert np.abs(basis).max() <= 127
    coded = in_basis(scene, basis)
    np.testing.assert_array_equal(coded[:, :10], scene[:, :10])
    for plane in range(3):
        columns = slice(10 + 8 * plane, 18 + 8 * plane)
        np.testing.assert_allclose(coded[:, columns] @ (basis[plane] / 127).T, scene[:, columns], rtol=1e-4, atol=1e-4)


def test_first_channels_hold_most() -> None:
    scene = attributes(400, 8)
    coded = in_basis(scene, harmonic_basis(scene, np.ones(400)))
    before, after = ((a[:, 10:13] ** 2).sum() / (a[:, 10:18] ** 2).sum() for a in (scene, coded))
    assert after > 0.99 > before


def test_scene_without_harmonics_gets_a_usable_basis() -> None:
    flat = np.zeros((20, 10 + 9), np.float32)
    assert not in_basis(flat, harmonic_basis(flat, np.ones(20)))[:, 10:].any()
