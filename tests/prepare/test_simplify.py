"""Importance, and keeping the Gaussians that matter most."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ralhe.prepare import importance, most_important
from scenes import same_bits, sphere


def test_importance_is_opacity_times_projected_area() -> None:
    scene = replace(sphere(2), log_scales=np.log([[1.0, 2.0, 3.0], [1, 1, 1]]), opacity_logits=np.array([0.0, np.inf]))
    np.testing.assert_allclose(importance(scene), [0.5 * (2 + 6 + 3) / 3, 1.0], rtol=1e-6)


def test_importance_is_finite_for_any_scale() -> None:
    scene = replace(sphere(2), log_scales=np.array([[1e30] * 3, [-1e30] * 3]))
    weights = importance(scene)
    assert bool(np.isfinite(weights).all())
    assert weights[0] > weights[1] >= 0


def test_the_heaviest_are_kept_in_their_order() -> None:
    scene = sphere(6)
    kept = most_important(scene, np.array([1.0, 6, 2, 5, 3, 4]), 3)
    assert same_bits(kept, scene.take(np.array([1, 3, 5])))


def test_ties_go_to_the_earlier() -> None:
    scene = sphere(6)
    kept = most_important(scene, np.array([1.0, 2, 1, 1, 2, 1]), 4)
    assert same_bits(kept, scene.take(np.array([0, 1, 2, 4])))


@pytest.mark.parametrize("count", [6, 7, 10**9])
def test_a_count_beyond_the_scene_keeps_it(count: int) -> None:
    scene = sphere(6)
    assert same_bits(most_important(scene, np.zeros(6), count), scene)
