"""ralhe demo."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import click

from ralhe.cli.arguments import SCENE, bytes_of
from ralhe.cli.compare import compare_files
from ralhe.cli.decode import decode_file
from ralhe.cli.encode import encode_file, encoded_line
from ralhe.cli.failures import Stopped, about, plain_words
from ralhe.sizes import format_size
from ralhe.stream_report import describe, describe_json

PICTURE = 600, 600  # pixels


@click.command()
@click.option("--output", type=SCENE, default=Path("ralhe-demo"), show_default=True, help="Folder for the files.")
@click.option("--size", callback=bytes_of, default="250kB", show_default=True, help="Size of the stream.")
def demo(output: Path, size: int) -> None:
    """Encode the bundled sample, decode it, and say and show what came out.

    The report mic.html puts original and decoded side by side; any browser opens it.
    """
    with plain_words():
        with about(output):
            output.mkdir(parents=True, exist_ok=True)
        written: list[str] = []
        try:
            stream = _demonstrate(output, size, written)
        except KeyboardInterrupt:
            if not written:
                raise
            raise Stopped(f"stopped; {' and '.join(written)} were written before") from None
        click.echo(f"\nlook further: ralhe render {stream} turn.webp --orbit 36; ralhe encode --help")


def _demonstrate(output: Path, size: int, written: list[str]) -> Path:
    """Makes the files, tells of each, and lists it once it is written; the stream."""
    stream, decoded, page = output / "mic.ralhe", output / "mic.ply", output / "mic.html"
    with resources.as_file(resources.files("ralhe.samples")) as samples:
        sample = samples / "mic.spz"
        click.echo(f"sample: {sample.stem}, {format_size(sample.stat().st_size)} as {sample.suffix}")
        report = encode_file(sample, stream, size=size, preset="fast")
        written.append(str(stream))
        click.echo(f"{stream}: {encoded_line(sample, report)}")
        gaussians, seconds = decode_file(stream, decoded)
        written.append(str(decoded))
        click.echo(f"{decoded}: {len(gaussians):,} Gaussians decoded in {seconds:.2f} s; any splat viewer opens it")
        click.echo(f"\n{describe(describe_json(stream.read_bytes()))}\n")
        compare_files(sample, (stream,), report=page, cameras=samples / "mic.views.json", size=PICTURE)
    return stream
