"""ralhe export."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

import ralhe
from ralhe.cli.arguments import SCENE
from ralhe.cli.failures import Failure, Stopped, about, check_output, is_folder, is_there, plain_words
from ralhe.cli.serving import check_stream
from ralhe.cli.steady_bar import SteadyBar
from ralhe.progress import Progress
from ralhe.sizes import format_size
from ralhe.web.export import export_file, export_site, stream_of
from ralhe.web.first_look import can_draw, first_view

if TYPE_CHECKING:
    from ralhe.web.first_look import FirstView


@click.command()
@click.argument("stream", type=SCENE)
@click.argument("site", type=SCENE)
def export(stream: Path, site: Path) -> None:
    """Write what shows STREAM (.ralhe) in a browser: SITE is a folder for any web host, or one .html file.

    The folder holds the page, the decoder and the stream, which shows itself as it arrives. The .html file holds all
    of that in itself: larger, but any browser opens it without a host. With the `render` extra the first view is one
    that suits the scene.

    \b
    ralhe export scene.ralhe site/
    ralhe export scene.ralhe scene.html
    """
    with plain_words("render"):
        check_stream(stream)
        single = site.suffix.lower() in {".html", ".htm"}
        if single:
            check_output(site, stream)
        elif is_there(site) and not is_folder(site):
            raise Failure(f"{site}: is a file; name a folder, or a file that ends in .html")
        if not single:
            with about(site):
                stream_of(site)
        with about(stream):
            data = stream.read_bytes()
            view = looked_for(data)
        with about(site):
            if single:
                size = export_file(site, data, stream.name, view)
                click.echo(f"{site}: {format_size(size)}, opens in any browser")
                return
            try:
                sizes = export_site(site, data, stream.name, view)
            except KeyboardInterrupt:
                raise Stopped(f"stopped before {site} was whole") from None
        told = f"{len(sizes)} files, {format_size(sum(sizes.values()))}; put them on any web host, or try them:"
        click.echo(f"{site}: {told} python -m http.server -d {shlex.quote(str(site))}")


def looked_for(data: bytes) -> FirstView | None:
    """A first view that suits the scene, under a progress bar. Raises BitstreamError for a damaged stream."""
    with SteadyBar() as bar:
        bar.update(Progress("looking for a first view", 0, 1))
        gaussians = ralhe.decode(data)
        if not can_draw():
            return None
        return first_view(gaussians)
