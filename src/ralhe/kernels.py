"""numba's compiler with this project's settings: machine code cached on disk, IEEE but for the freedoms listed."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

P = ParamSpec("P")
R = TypeVar("R")

prange = numba.prange

# NaN and infinity keep their meaning: the kernels compare against them.
FREEDOMS = {"contract", "nsz", "reassoc", "arcp"}

# One of numba's threading layers fails when two Python threads enter it at once.
_one_at_a_time = threading.Lock()


def inline(function: Callable[P, R]) -> Callable[P, R]:
    """A function whose body replaces its calls in other kernels."""
    return numba.njit(inline="always")(function)  # type: ignore[no-any-return]


def serial(function: Callable[P, R]) -> Callable[P, R]:
    """A kernel of one thread."""
    return numba.njit(cache=True, nogil=True, fastmath=FREEDOMS)(function)  # type: ignore[no-any-return]


def parallel(function: Callable[P, R]) -> Callable[P, R]:
    """A kernel whose `prange` loops use all threads; to be called from Python only."""
    compiled = numba.njit(cache=True, nogil=True, parallel=True, fastmath=FREEDOMS)(function)

    @functools.wraps(function)
    def locked(*args: P.args, **kwargs: P.kwargs) -> R:
        with _one_at_a_time:
            return compiled(*args, **kwargs)  # type: ignore[no-any-return]

    return locked
