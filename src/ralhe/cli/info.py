"""ralhe info."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ralhe.cli.arguments import SCENE
from ralhe.cli.failures import Failure, about, plain_words
from ralhe.stream_report import describe, describe_json


@click.command()
@click.argument("stream", type=SCENE)
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
def info(stream: Path, as_json: bool) -> None:
    """Say what STREAM holds: bytes by section and level, counts, depth, parameters.

    The exit code is 2 where a part of it is damaged.
    """
    with plain_words():
        with about(stream):
            known = describe_json(stream.read_bytes())
        click.echo(json.dumps(known, indent=2) if as_json else describe(known))
        if "damage" in known:
            raise Failure(f"{stream}: {known['damage']}")
