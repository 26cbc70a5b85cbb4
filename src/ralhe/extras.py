"""Modules that only some installs have, and how to get them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

OPTIONAL = {"torch", "numba", "scipy", "PIL", "jinja2", "flip_evaluator", "starlette", "uvicorn", "anyio"}
"""Modules that the extras bring."""


def is_optional(error: ModuleNotFoundError) -> bool:
    """Whether an extra brings what is missing."""
    return (error.name or "").split(".")[0] in OPTIONAL


@contextmanager
def needing(extra: str) -> Iterator[None]:
    """Whatever the block misses of an extra, with the command that installs it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if not is_optional(error):
            raise
        told = f"this needs {error.name}; install it with: pip install 'ralhe[{extra}]'"
        raise ModuleNotFoundError(told, name=error.name) from error
