"""The command line: arguments in, verbs called, results printed."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

import ralhe
from ralhe import files
from ralhe.errors import RalheError
from ralhe.progress_bar import ProgressBar
from ralhe.sizes import format_size, parse_size
from ralhe.stream_report import describe, describe_json

if TYPE_CHECKING:
    from ralhe.encoding import EncodeReport

SCENE = click.Path(path_type=Path)


@contextmanager
def one_line_errors(path: Path | None = None) -> Iterator[None]:
    """Errors as one line that names the file, exit code 2; notices as one line each."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: click.echo(f"ralhe: {message}", err=True)
        try:
            yield
        except (RalheError, OSError) as error:
            name = f"{path}: " if path and path.name not in str(error) else ""
            message = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            if isinstance(error, OSError):
                name = f"{error.filename or path}: "
            click.echo(f"ralhe: {name}{message}", err=True)
            sys.exit(2)
        except ModuleNotFoundError as error:
            if error.name != "torch":
                raise
            click.echo("ralhe: encoding needs torch; install it with: pip install 'ralhe[encode]'", err=True)
            sys.exit(2)
        except KeyboardInterrupt:
            click.echo("ralhe: stopped; nothing was written", err=True)
            sys.exit(130)


@contextmanager
def stop_on_interrupt() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets; a second one aborts."""
    stop = threading.Event()

    def handler(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        click.echo("\nralhe: finishing with the best so far; Ctrl-C again aborts", err=True)

    previous = signal.signal(signal.SIGINT, handler)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, previous)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(ralhe.__version__, prog_name="ralhe")
def main() -> None:
    """Compresses trained 3D Gaussian splatting scenes to streams of at most a megabyte.

    \b
    ralhe encode scene.ply scene.ralhe --size 500kB
    ralhe decode scene.ralhe scene.ply
    ralhe info scene.ralhe
    """


@main.command()
@click.argument("scene", type=SCENE)
@click.argument("stream", type=SCENE)
@click.option("--size", help="Largest size of the stream: bytes, kB, MB, KiB or MiB.  [default: 1MB]")
@click.option("--lmbda", type=float, help="Distortion worth one bit, instead of a size: 0.01 is fine, 1 is coarse.")
@click.option("--preset", type=click.Choice(["fast", "default", "best"]), default="default", show_default=True,
              help="How long to look for a better stream of the same size.")  # fmt: skip
@click.option("--sh-degree", type=click.IntRange(0, 3), help="Cut the spherical harmonics to this degree.")
@click.option("--depth", type=click.IntRange(1, 21), help="Depth of the octree of positions; chosen if not given.")
def encode(scene: Path, stream: Path, size: str | None, lmbda: float | None, preset: str, sh_degree: int | None,
           depth: int | None) -> None:  # fmt: skip
    """Compress SCENE (.ply, .compressed.ply or .spz) to STREAM (.ralhe).

    The stream is never larger than --size and at least 97% of it, unless the scene needs less at best quality.
    Ctrl-C ends the search and writes the best so far; a second Ctrl-C aborts and writes nothing.

    \b
    ralhe encode scene.ply scene.ralhe                  1 MB, the default
    ralhe encode scene.ply scene.ralhe --size 250kB     smaller
    ralhe encode scene.spz scene.ralhe --preset fast    sooner
    """
    with one_line_errors(scene):
        if size and lmbda:
            raise RalheError("give --size or --lmbda, not both")
        refuse_same_file(scene, stream)
        limit = None if lmbda else parse_size(size or "1MB")
        report = encode_file(scene, stream, size=limit, lmbda=lmbda, preset=preset, sh_degree=sh_degree, depth=depth)
        click.echo(f"{stream}: {encoded_line(scene, report)}")


def encode_file(scene: Path, stream: Path, **options: Any) -> EncodeReport:
    """Reads, encodes under a progress bar, writes."""
    gaussians = ralhe.read(scene)
    with stop_on_interrupt() as stop, ProgressBar() as bar:
        report = ralhe.encode_report(gaussians, progress=bar.update, stop=stop, **options)
    with files.whole_file(stream) as out:
        out.write(report.data)
    return report


def encoded_line(scene: Path, report: EncodeReport) -> str:
    """What an encode did, in one line."""
    ratio = scene.stat().st_size / len(report.data)
    dropped = f", {report.dropped:,} unseen dropped" if report.dropped else ""
    return (
        f"{format_size(len(report.data))} ({ratio:.0f} times smaller), {report.leaves:,} of "
        f"{report.source_gaussians:,} Gaussians{dropped}, depth {report.depth}, SH degree {report.sh_degree}, "
        f"lambda {report.lmbda:.4g}, {report.seconds:.0f} s"
    )


def refuse_same_file(first: Path, second: Path) -> None:
    """Raises RalheError where output would replace input."""
    if first.exists() and second.exists() and first.samefile(second):
        raise RalheError("input and output are the same file; give the output another name")


@main.command()
@click.argument("stream", type=SCENE)
@click.argument("scene", type=SCENE)
@click.option("--level", type=click.IntRange(1, 21), help="Nodes of this octree level instead of the leaves.")
@click.option("--max-bytes", help="Use only so many bytes of the stream: bytes, kB, MB, KiB or MiB.")
def decode(stream: Path, scene: Path, level: int | None, max_bytes: str | None) -> None:
    """Decode STREAM (.ralhe) to SCENE (.ply or .spz).

    \b
    ralhe decode scene.ralhe scene.ply
    ralhe decode scene.ralhe coarse.ply --max-bytes 100kB    what a reader has after 100 kB
    """
    with one_line_errors(stream):
        refuse_same_file(stream, scene)
        began = time.monotonic()
        limit = parse_size(max_bytes) if max_bytes else None
        gaussians = ralhe.decode(stream.read_bytes(), level=level, max_bytes=limit)
        seconds = time.monotonic() - began
        ralhe.write(scene, gaussians)
        click.echo(f"{scene}: {len(gaussians):,} Gaussians, SH degree {gaussians.sh_degree}, decoded in {seconds:.2f} s")


@main.command()
@click.argument("stream", type=SCENE)
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
def info(stream: Path, as_json: bool) -> None:
    """Say what STREAM holds: bytes by section and level, counts, depth, parameters."""
    with one_line_errors(stream):
        data = stream.read_bytes()
        click.echo(json.dumps(describe_json(data), indent=2) if as_json else describe(data))


@main.command()
@click.option("--output", type=SCENE, default=Path("ralhe-demo"), show_default=True, help="Folder for the files.")
@click.option("--size", default="250kB", show_default=True, help="Size of the stream.")
def demo(output: Path, size: str) -> None:
    """Encode the bundled sample, decode it, and say what came out."""
    with one_line_errors(output):
        output.mkdir(parents=True, exist_ok=True)
        stream, decoded = output / "mic.ralhe", output / "mic.ply"
        with resources.as_file(resources.files("ralhe.samples") / "mic.spz") as sample:
            click.echo(f"sample: mic, {len(ralhe.read(sample)):,} Gaussians, {format_size(sample.stat().st_size)} as .spz")
            report = encode_file(sample, stream, size=parse_size(size), preset="fast")
            click.echo(f"{stream}: {encoded_line(sample, report)}")
        began = time.monotonic()
        gaussians = ralhe.decode(stream.read_bytes())
        seconds = time.monotonic() - began
        files.write(decoded, gaussians)
        click.echo(f"{decoded}: {len(gaussians):,} Gaussians decoded in {seconds:.2f} s; any splat viewer opens it")
        click.echo("rms error: " + ", ".join(f"{name} {value:.3g}" for name, value in report.attribute_error.items()))
        click.echo(describe(stream.read_bytes()))
