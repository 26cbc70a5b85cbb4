"""ralhe decode."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

import ralhe
from ralhe import files
from ralhe.cli.arguments import SCENE, bytes_of
from ralhe.cli.failures import about, check_output, plain_words

if TYPE_CHECKING:
    from ralhe.gaussians import Gaussians


@click.command()
@click.argument("stream", type=SCENE)
@click.argument("scene", type=SCENE)
@click.option("--level", type=click.IntRange(1, 21), help="Nodes of this octree level, or of the next coarser that the"
              " stream has (ralhe info lists them), instead of the leaves.")
@click.option("--max-bytes", callback=bytes_of, help="Use only so many bytes of the stream: bytes, kB, MB, KiB or MiB.")
def decode(stream: Path, scene: Path, level: int | None, max_bytes: int | None) -> None:
    """Decode STREAM (.ralhe) to SCENE (.ply or .spz).

    \b
    ralhe decode scene.ralhe decoded.ply
    ralhe decode scene.ralhe coarse.ply --max-bytes 100kB    what a reader has after 100 kB
    """
    with plain_words():
        check_output(scene, stream)
        gaussians, seconds = decode_file(stream, scene, level, max_bytes)
        told = f"{len(gaussians):,} Gaussians, SH degree {gaussians.sh_degree}, decoded in {seconds:.2f} s"
        click.echo(f"{scene}: {told}")


def decode_file(
    stream: Path, scene: Path, level: int | None = None, max_bytes: int | None = None
) -> tuple[Gaussians, float]:
    """Reads, decodes, writes; the Gaussians and the seconds that decoding took."""
    with about(stream):
        data = stream.read_bytes()
        began = time.monotonic()
        gaussians = ralhe.decode(data, level=level, max_bytes=max_bytes)
        seconds = time.monotonic() - began
    with about(scene):
        files.write(scene, gaussians)
    return gaussians, seconds
