"""numba's compiler with this project's settings: machine code cached on disk, free or exact in its arithmetic."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba
import numpy as np
from numba.core import types
from numba.extending import intrinsic

P = ParamSpec("P")
R = TypeVar("R")

prange = numba.prange

# Free kernels may reorder and fuse. NaN and infinity keep their meaning: the kernels compare against them.
FREEDOMS = {"contract", "nsz", "reassoc", "arcp"}

# One of numba's threading layers fails when two Python threads enter it at once.
_one_at_a_time = threading.Lock()


def inline(function: Callable[P, R]) -> Callable[P, R]:
    """A small function for use in other kernels; the compiler puts its body in place of each call."""
    return numba.njit(forceinline=True, fastmath=FREEDOMS)(function)


def exact_inline(function: Callable[P, R]) -> Callable[P, R]:
    """The same, with the operations that it names and no others: equal wherever it is used."""
    return numba.njit(forceinline=True)(function)


def serial(function: Callable[P, R]) -> Callable[P, R]:
    """A kernel of one thread."""
    return numba.njit(cache=True, nogil=True, fastmath=FREEDOMS)(function)


def parallel(function: Callable[P, R]) -> Callable[P, R]:
    """A kernel whose `prange` loops use all threads; to be called from Python only."""
    return _locked(function, numba.njit(cache=True, nogil=True, parallel=True, fastmath=FREEDOMS)(function))


def exact_parallel(function: Callable[P, R]) -> Callable[P, R]:
    """The same, with the operations that it names and no others."""
    return _locked(function, numba.njit(cache=True, nogil=True, parallel=True)(function))


def _locked(function: Callable[P, R], compiled: Callable[P, R]) -> Callable[P, R]:
    @functools.wraps(function)
    def locked(*args: P.args, **kwargs: P.kwargs) -> R:
        with _one_at_a_time:
            return compiled(*args, **kwargs)

    return locked


def _fma(_context: Any, a: Any, b: Any, c: Any) -> Any:
    def generate(_codegen: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.fma(*args)

    return types.float32(types.float32, types.float32, types.float32), generate


fma: Callable[[np.float32, np.float32, np.float32], np.float32] = cast(Any, intrinsic(_fma))
"""a * b + c in single precision, rounded once."""
