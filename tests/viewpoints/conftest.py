"""One thread for pictures so small that several mostly wait for each other."""

from __future__ import annotations

import numba
import pytest


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)
