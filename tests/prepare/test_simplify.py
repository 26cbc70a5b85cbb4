"""Importance, and keeping the Gaussians that matter most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ralhe.gaussians import Gaussians
from ralhe.prepare import footprint, importance, most_important, nearest_kept
from ralhe.prepare.importance import Weights
from tests.scenes import sphere


def test_footprint_is_opacity_times_projected_area() -> None:
    scales, logits = np.array([[1.0, 2.0, 3.0], [1, 1, 1]]), np.array([0.0, np.inf])
    scene = replace(sphere(2), log_scales=np.log(scales), opacity_logits=logits)
    np.testing.assert_allclose(footprint(scene), [0.5 * (2 + 6 + 3) / 3, 1.0], rtol=1e-6)


def test_importance_grows_with_opacity_and_size() -> None:
    logits = np.array([0.0, 3.0, 0.0])
    scene = replace(sphere(3), log_scales=np.log([[1.0] * 3, [1.0] * 3, [2.0] * 3]), opacity_logits=logits)
    weights = importance(scene)
    assert weights[1] > weights[0]
    assert weights[2] > weights[0]


@pytest.mark.parametrize("weigh", [importance, footprint])
def test_weights_are_finite_for_any_scale(weigh: Callable[[Gaussians], Weights]) -> None:
    weights = weigh(replace(sphere(2), log_scales=np.array([[1e30] * 3, [-1e30] * 3])))
    assert bool(np.isfinite(weights).all())
    assert weights[0] > weights[1] >= 0


def test_the_heaviest_are_kept_in_their_order() -> None:
    assert most_important(np.array([1.0, 6, 2, 5, 3, 4]), 3).tolist() == [1, 3, 5]


def test_ties_go_to_the_earlier() -> None:
    assert most_important(np.array([1.0, 2, 1, 1, 2, 1]), 4).tolist() == [0, 1, 2, 4]


@pytest.mark.parametrize("count", [6, 7, 10**9])
def test_a_count_beyond_the_scene_keeps_it(count: int) -> None:
    assert most_important(np.zeros(6), count).tolist() == list(range(6))


@pytest.mark.parametrize(("count", "kept"), [(0, []), (1, [1]), (2, [1, 3, 5]), (3, [0, 1, 2, 3, 4, 5]), (4, range(6))])
def test_those_that_share_a_cell_count_once(count: int, kept: list[int]) -> None:
    weights, cells = np.array([1.0, 6, 2, 5, 3, 4]), np.array([7, 4, 9, 7, 9, 4])
    assert most_important(weights, count, cells).tolist() == list(kept)


def test_each_has_the_nearest_that_is_kept() -> None:
    positions = np.array([[0, 0, 0], [1, 0, 0], [4, 0, 0], [4, 0, 0], [9, 0, 0]], np.float32)
    assert nearest_kept(positions, np.array([0, 3])).tolist() == [0, 0, 3, 3, 3]
    assert nearest_kept(positions, np.array([2, 3])).tolist()[2:4] == [2, 3]  # kept ones stay at home
