"""Axis flips: checked against geometry, not against the tables of signs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import numpy as np
import numpy.typing as npt
import pytest

from ralhe.coordinates import convert, in_ply_axes
from ralhe.errors import SceneError
from ralhe.gaussians import COORDINATES, Coordinates, Gaussians

MakeScene = Callable[..., Gaussians]
AssertSame = Callable[[Gaussians, Gaussians], None]
Reals = npt.NDArray[np.float64]

NAMED = COORDINATES[1:]


def rotation_matrices(q: Reals) -> Reals:  # [N, 4] w, x, y, z
    w, x, y, z = (q / np.linalg.norm(q, axis=1, keepdims=True)).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def covariances(scene: Gaussians) -> Reals:
    rotation = rotation_matrices(scene.rotations.astype(np.float64))
    variances = np.exp(2 * scene.log_scales.astype(np.float64))
    return (rotation * variances[:, None]) @ rotation.transpose(0, 2, 1)


def harmonics(direction: Reals) -> Reals:
    """[16] real spherical harmonics of the 3DGS paper's code at a unit vector, up to their constants."""
    x, y, z = direction
    return np.array(
        [
            1.0,
            *(-y, z, -x),
            *(x * y, -y * z, 2 * z * z - x * x - y * y, -x * z, x * x - y * y),
            *(-y * (3 * x * x - y * y), x * y * z, -y * (4 * z * z - x * x - y * y)),
            z * (2 * z * z - 3 * x * x - 3 * y * y),
            *(-x * (4 * z * z - x * x - y * y), z * (x * x - y * y), -x * (x * x - 3 * y * y)),
        ]
    )


def mirror(source: Coordinates, target: Coordinates) -> Reals:
    """What the letters say: an axis whose letter differs points the other way."""
    return np.diag([1.0 if a == b else -1.0 for a, b in zip(source, target, strict=True)])


@pytest.mark.parametrize(("source", "target"), list(product(NAMED, NAMED)))
def test_every_pair_mirrors_points_shapes_and_colours(
    make_scene: MakeScene, source: Coordinates, target: Coordinates
) -> None:
    scene = make_scene(n=5, degree=3, coordinates=source)
    flipped = convert(scene, target)
    d = mirror(source, target)
    assert flipped.coordinates == target
    np.testing.assert_array_equal(flipped.positions, scene.positions @ d.astype(np.float32))
    np.testing.assert_allclose(covariances(flipped), d @ covariances(scene) @ d, rtol=1e-9, atol=1e-12)
    for direction in np.array([[1, 0, 0], [0, 1, 0], [0.36, 0.48, -0.8], [-0.6, 0.0, 0.8]]):
        seen = np.einsum("k,nkc->nc", harmonics(direction), scene.sh)
        seen_mirrored = np.einsum("k,nkc->nc", harmonics(d @ direction), flipped.sh)
        np.testing.assert_allclose(seen_mirrored, seen, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@pytest.mark.parametrize("target", NAMED)
def test_there_and_back_restores_every_bit(
    make_scene: MakeScene, assert_same: AssertSame, degree: int, target: Coordinates
) -> None:
    scene = make_scene(degree=degree, coordinates="RDF")
    assert_same(convert(convert(scene, target), "RDF"), scene)


def test_conversions_compose(make_scene: MakeScene, assert_same: AssertSame) -> None:
    scene = make_scene(degree=3, coordinates="LUF")
    assert_same(convert(convert(scene, "RDB"), "RUB"), convert(scene, "RUB"))


def test_unspecified_counts_as_rdf(make_scene: MakeScene, assert_same: AssertSame) -> None:
    assert_same(
        convert(make_scene(degree=2), "RUB"),
        convert(make_scene(degree=2, coordinates="RDF"), "RUB"),
    )


def test_a_system_is_named_once_a_scene_is_turned_to_it(make_scene: MakeScene, assert_same: AssertSame) -> None:
    scene = make_scene(degree=1)
    assert convert(scene, "RDF").coordinates == "RDF"
    assert in_ply_axes(scene) is scene
    assert_same(in_ply_axes(convert(scene, "RUB")), replace(scene, coordinates="RDF"))


def test_unspecified_is_no_target(make_scene: MakeScene) -> None:
    with pytest.raises(SceneError, match="name a system"):
        convert(make_scene(), "unspecified")
