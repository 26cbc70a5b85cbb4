"""Steps: how they fall with the weight of a merge, and what they leave of a scene of two halves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import ralhe
from ralhe.bitstream import USUAL_SHAPE, Header
from ralhe.fit.fit import Fit
from ralhe.fit.meter import Meter
from ralhe.fit.objective import LARGEST_LATENT, REACH, channel_steps, gaussian_weights, step_shape
from ralhe.fit.rate_control import LAMBDA_RANGE
from ralhe.prepare import choose_grid, voxelise
from tests.scenes import sphere

DEPTH = 12


@pytest.mark.parametrize(("leaves", "lmbda"), [(1, 5e-5), (5, 5e-5), (1000, 5e-5), (60_000, 2e-3), (10**6, 0.1)])
def test_steps_fall_as_usual(leaves: int, lmbda: float) -> None:
    assert step_shape(leaves, lmbda) == USUAL_SHAPE


@pytest.mark.parametrize(("leaves", "lmbda"), [(20_000, 5e-5), (60_000, 1e-4), (90_000, 2e-4)])
def test_fine_steps_of_many_leaves_fall_more_slowly(leaves: int, lmbda: float) -> None:
    shape = step_shape(leaves, lmbda)
    assert 0 < shape < USUAL_SHAPE
    step = channel_steps(4, lmbda)[1] * (leaves / 4) ** -(0.5 + shape)
    assert step * LARGEST_LATENT == pytest.approx(REACH)


def test_halves_in_black_and_white_keep_their_colours_at_the_finest_steps() -> None:
    scene = sphere(30_000, 0)
    sh = scene.sh.copy()
    sh[:, 0] = np.where(scene.positions[:, :1] < 0, -1.75, 1.75)
    scene = replace(scene, sh=sh)
    grid = choose_grid(scene.positions, DEPTH)
    voxels = voxelise(scene, grid, np.ones(len(scene)))
    box = (0.0,) * 6
    header = Header(0, DEPTH, 2, len(voxels), len(scene), grid.origin, grid.voxel, box, (4, 0, 0))
    fit = Fit(voxels, gaussian_weights(np.ones(len(voxels))), header, Meter(None, None))
    decoded = ralhe.decode(fit.code(LAMBDA_RANGE[0]).data)
    assert np.abs(decoded.sh[:, 0] - voxels.sh[:, 0]).max() < 0.05
