"""ralhe view."""

from __future__ import annotations

import threading
import webbrowser
from pathlib import Path
from urllib.parse import quote

import click

from ralhe.cli.arguments import SCENE
from ralhe.cli.failures import Failure, about, plain_words
from ralhe.cli.serving import check_stream, served


@click.command()
@click.argument("stream", type=SCENE)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to serve at.  [default: a free one]")
@click.option("--no-open", is_flag=True, help="Print the address, and leave the browser alone.")
def view(stream: Path, port: int, no_open: bool) -> None:
    """Show STREAM (.ralhe) in a browser: coarse at once, and sharper with every level that arrives.

    Only this machine can see it. Ctrl-C ends it.

    \b
    ralhe view scene.ralhe
    ralhe view scene.ralhe --no-open --port 8000
    """
    with plain_words("view"):
        check_stream(stream)
        from ralhe.web.app import make_app
        from ralhe.web.folder import Folder, is_text
        from ralhe.web.server import LOOPBACK

        def ready(address: str) -> None:
            page = f"{address}~ralhe/?src=../{quote(quote(stream.name))}"
            click.echo(f"{page}\nCtrl-C ends it")
            if not no_open:  # in a thread of its own: some browsers let their caller wait
                threading.Thread(target=webbrowser.open, args=(page,), daemon=True).start()

        if not is_text(stream.name):
            raise Failure(f"{stream}: the name is not UTF-8, as addresses are; rename it")
        with about(stream):
            folder = Folder(stream.parent, only=stream.name)
        served(make_app(folder, shared=False), LOOPBACK, port, ready)
