"""FLIP at known points and in a known order."""

from __future__ import annotations

import numpy as np
import pytest

from ralhe.metrics import flip
from tests.metrics.image_pairs import pair


def test_equal_images() -> None:
    reference, _ = pair(40, 50)
    assert flip(reference, reference) == 0


def test_black_against_white_is_near_the_most() -> None:
    black = np.zeros((32, 32, 3), np.float32)
    assert 0.9 < flip(black, 1 - black) <= 1


def test_more_noise_is_worse() -> None:
    errors = [flip(*pair(60, 80, noise)) for noise in (0.01, 0.05, 0.2)]
    assert 0 < errors[0] < errors[1] < errors[2] < 1


def test_views_and_read_only_arrays_stay_as_they_are(capfd: pytest.CaptureFixture[str]) -> None:
    reference, image = pair(30, 40)
    expected = flip(reference[::-1].copy(), image[::-1].copy())
    before = image.copy()
    reference.setflags(write=False)
    image.setflags(write=False)
    assert flip(reference[::-1], image[::-1]) == pytest.approx(expected, abs=1e-7)
    assert flip(reference, image) > 0
    assert np.array_equal(image, before)
    assert capfd.readouterr() == ("", "")
