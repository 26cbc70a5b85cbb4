"""Modules that only some installs have, and how to get them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

OPTIONAL = {"torch", "numba", "scipy", "PIL", "jinja2", "flip_evaluator", "starlette", "uvicorn", "anyio"}
"""Modules that the extras bring."""


class MissingExtraError(ModuleNotFoundError):
    """Says which extra brings what is missing, and how to install it."""


@contextmanager
def needing(extra: str) -> Iterator[None]:
    """Raises MissingExtraError for whatever the block misses of an extra."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in OPTIONAL:
            raise
        told = f"this needs {error.name}; install it with: pip install 'ralhe[{extra}]'"
        raise MissingExtraError(told, name=error.name) from error
