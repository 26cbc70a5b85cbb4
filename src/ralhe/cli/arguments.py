"""Arguments that several commands take."""

from __future__ import annotations

import re
from pathlib import Path

import click

from ralhe.errors import RalheError
from ralhe.sizes import parse_size

SCENE = click.Path(path_type=Path)
MAX_SIDE = 16_384


def bytes_of(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    """Value of an option that is a size."""
    try:
        return None if text is None else parse_size(text)
    except RalheError as error:
        raise click.BadParameter(str(error)) from error


def sizes_of(context: click.Context, option: click.Parameter, text: str | None) -> dict[str, int] | None:
    """Value of an option that is a list of sizes, each under the name it was given by."""
    if text is None:
        return None
    named = {name.strip(): bytes_of(context, option, name) for name in text.split(",")}
    return {name.replace(" ", ""): size for name, size in named.items() if size is not None}


def picture_size(_context: click.Context, _option: click.Parameter, text: str | None) -> tuple[int, int] | None:
    """Value of an option that is WIDTHxHEIGHT in pixels."""
    if text is None:
        return None
    match = re.fullmatch(r"\s*(\d+)\s*[xX]\s*(\d+)\s*", text)
    if not match or not all(1 <= int(side) <= MAX_SIDE for side in match.groups()):
        raise click.BadParameter(f"{text!r} is no size of a picture; write WIDTHxHEIGHT in pixels, as in 800x600")
    return int(match[1]), int(match[2])


def colour_of(_context: click.Context, _option: click.Parameter, text: str | None) -> tuple[float, ...] | None:
    """Value of an option that is a colour: black, white, or six hexadecimal digits."""
    if text is None:
        return None
    digits = {"black": "000000", "white": "ffffff"}.get(text.lower(), text.removeprefix("#"))
    if not re.fullmatch(r"[0-9a-fA-F]{6}", digits):
        raise click.BadParameter(f"{text!r} is no colour; write black, white or six digits, as in #ff8000")
    return tuple(int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
