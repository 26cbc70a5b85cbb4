"""What the commands that show streams have in common."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import ralhe
from ralhe.bitstream import MAGIC, MOST_HEADER
from ralhe.cli.failures import Failure, about

if TYPE_CHECKING:
    from starlette.applications import Starlette


def check_stream(path: Path) -> None:
    """Raises Failure where the file is no stream, with what to do about it."""
    with about(path), path.open("rb") as stream:
        head = stream.read(MOST_HEADER)
    if not head.startswith(MAGIC):
        raise Failure(f"{path}: not a .ralhe stream; make one first: ralhe encode {path} {path.stem}.ralhe")
    with about(path):
        ralhe.info(head)


def served(app: Starlette, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serves until Ctrl-C; a port that cannot be had as a Failure."""
    from ralhe.web.server import run

    try:
        run(app, host, port, ready)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror  # else: unknown name
        raise Failure(f"{host}:{port}: {reason}; choose another --port or --host") from error
