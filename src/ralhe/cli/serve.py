"""ralhe serve."""

from __future__ import annotations

from pathlib import Path

import click

from ralhe.cli.arguments import SCENE
from ralhe.cli.failures import Failure, about, is_folder, is_there, plain_words
from ralhe.cli.serving import served


@click.command()
@click.argument("folder", type=SCENE)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at; 0.0.0.0 lets other"
              " machines in.")  # fmt: skip
def serve(folder: Path, port: int, host: str) -> None:
    """Serve every .ralhe file below FOLDER: a list with thumbnails, and a page that shows each as it arrives.

    Streams are sent with Range, ETag and CORS, so that other pages can show them too; no other file is sent.
    Thumbnails take the `render` extra. Ctrl-C ends it.

    \b
    ralhe serve scenes/
    ralhe serve scenes/ --host 0.0.0.0 --port 80
    """
    with plain_words("view"):
        if not is_there(folder):
            raise Failure(f"{folder}: no such folder")
        if not is_folder(folder):
            raise Failure(f"{folder}: not a folder; show one file with: ralhe view {folder}")
        from ralhe.web.app import make_app
        from ralhe.web.folder import Folder

        with about(folder):
            app = make_app(Folder(folder))
        served(app, host, port, lambda address: click.echo(f"{folder} at {address}\nCtrl-C ends it"))
