"""Arguments that several commands take."""

from __future__ import annotations

from pathlib import Path

import click

from ralhe.errors import RalheError
from ralhe.sizes import parse_size

SCENE = click.Path(path_type=Path)


def bytes_of(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    """Value of an option that is a size."""
    try:
        return None if text is None else parse_size(text)
    except RalheError as error:
        raise click.BadParameter(str(error)) from error
