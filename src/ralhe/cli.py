"""The command line: arguments in, verbs called, results printed."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from types import FrameType
from typing import IO, TYPE_CHECKING, Any, Unpack

import click

import ralhe
from ralhe import files
from ralhe.errors import RalheError
from ralhe.options import EncodeOptions
from ralhe.progress_bar import ProgressBar
from ralhe.sizes import format_size, parse_size
from ralhe.stream_report import describe, describe_json

if TYPE_CHECKING:
    from ralhe.encoding import EncodeReport
    from ralhe.gaussians import Gaussians

SCENE = click.Path(path_type=Path)
DEFAULT_SIZE = 1_000_000


def bytes_of(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    """Value of an option that is a size."""
    try:
        return None if text is None else parse_size(text)
    except RalheError as error:
        raise click.BadParameter(str(error)) from error


class Failure(click.ClickException):
    """Ends the program with one line on standard error and exit code 2."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Prints the line."""
        click.echo(f"ralhe: {self.message}", file=file, err=True)


class Stopped(Failure):
    """The same for Ctrl-C, with the exit code that shells give it."""

    exit_code = 130


@contextmanager
def about(path: Path) -> Iterator[None]:
    """Expected errors of the block as a Failure that names the file."""
    try:
        yield
    except RalheError as error:
        raise Failure(f"{path}: {str(error).removeprefix(f'{path.name}: ')}") from error
    except OSError as error:
        raise Failure(f"{path}: {error.strerror or error}") from error


@contextmanager
def plain_words() -> Iterator[None]:
    """Notices, a missing torch and Ctrl-C as one line each."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: click.echo(f"ralhe: {message}", err=True)
        try:
            yield
        except ModuleNotFoundError as error:
            if error.name != "torch":
                raise
            raise Failure("encoding needs torch; install it with: pip install 'ralhe[encode]'") from error
        except KeyboardInterrupt:
            raise Stopped("stopped; nothing was written") from None


@contextmanager
def stop_on_interrupt() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets; a second one aborts."""
    stop = threading.Event()

    def handler(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        # Unlike echo, this may interrupt a print of the same stream.
        os.write(2, b"\nralhe: finishing with the best so far; Ctrl-C again aborts\n")

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
@click.option("--size", callback=bytes_of, help="Most the stream may have: bytes, kB, MB, KiB or MiB.  [default: 1MB]")
@click.option("--lmbda", type=float, help="Distortion worth one bit, instead of a size: 0.01 is fine, 1 is coarse.")
@click.option("--preset", type=click.Choice(["fast", "default", "best"]), default="default", show_default=True,
              help="How long to look for a better stream of the same size; decoding is as fast after any.")  # fmt: skip
@click.option("--sh-degree", type=click.IntRange(0, 3), help="Cut the spherical harmonics to this degree.")
@click.option("--depth", type=click.IntRange(1, 21), help="Depth of the octree of positions; chosen if not given.")
def encode(scene: Path, stream: Path, size: int | None, lmbda: float | None, preset: str, sh_degree: int | None,
           depth: int | None) -> None:  # fmt: skip
    """Compress SCENE (.ply, .compressed.ply or .spz) to STREAM (.ralhe).

    The stream is never larger than --size and at least 97% of it, unless the scene needs less at best quality.
    Ctrl-C ends the search and writes the best so far; a second Ctrl-C aborts and writes nothing.

    \b
    ralhe encode scene.ply scene.ralhe                  1 MB, the default
    ralhe encode scene.ply scene.ralhe --size 250kB     smaller
    ralhe encode scene.spz scene.ralhe --preset fast    sooner
    """
    with plain_words():
        if size is not None and lmbda is not None:
            raise click.UsageError("give --size or --lmbda, not both")
        if size is None and lmbda is None:
            size = DEFAULT_SIZE
        report = encode_file(scene, stream, size=size, lmbda=lmbda, preset=preset, sh_degree=sh_degree, depth=depth)
        click.echo(f"{stream}: {encoded_line(scene, report)}")


def encode_file(scene: Path, stream: Path, **options: Unpack[EncodeOptions]) -> EncodeReport:
    """Reads, encodes under a progress bar, writes."""
    check_output(scene, stream)
    with about(scene):
        gaussians = ralhe.read(scene)
        with stop_on_interrupt() as stop, ProgressBar() as bar:
            options["progress"], options["stop"] = bar.update, stop
            report = ralhe.encode_report(gaussians, **options)
    with about(stream), files.whole_file(stream) as out:
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


def check_output(source: Path, output: Path) -> None:
    """Raises Failure where output would replace input or has no folder, before any work is done."""
    if source.exists() and output.exists() and source.samefile(output):
        raise Failure(f"{output}: input and output are the same file; give the output another name")
    if not output.parent.is_dir():
        raise Failure(f"{output}: there is no folder {output.parent}")
    if output.is_dir():
        raise Failure(f"{output}: is a folder; name a file in it")


@main.command()
@click.argument("stream", type=SCENE)
@click.argument("scene", type=SCENE)
@click.option("--level", type=click.IntRange(1, 21), help="Nodes of this octree level instead of the leaves.")
@click.option("--max-bytes", callback=bytes_of, help="Use only so many bytes of the stream: bytes, kB, MB, KiB or MiB.")
def decode(stream: Path, scene: Path, level: int | None, max_bytes: int | None) -> None:
    """Decode STREAM (.ralhe) to SCENE (.ply or .spz).

    \b
    ralhe decode scene.ralhe scene.ply
    ralhe decode scene.ralhe coarse.ply --max-bytes 100kB    what a reader has after 100 kB
    """
    with plain_words():
        check_output(stream, scene)
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


@main.command()
@click.argument("stream", type=SCENE)
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
def info(stream: Path, as_json: bool) -> None:
    """Say what STREAM holds: bytes by section and level, counts, depth, parameters."""
    with plain_words():
        with about(stream):
            data = stream.read_bytes()
            text = json.dumps(describe_json(data), indent=2) if as_json else describe(data)
        click.echo(text)


@main.command()
@click.option("--output", type=SCENE, default=Path("ralhe-demo"), show_default=True, help="Folder for the files.")
@click.option("--size", callback=bytes_of, default="250kB", show_default=True, help="Size of the stream.")
def demo(output: Path, size: int) -> None:
    """Encode the bundled sample, decode it, and say what came out."""
    with plain_words():
        with about(output):
            output.mkdir(parents=True, exist_ok=True)
        stream, decoded = output / "mic.ralhe", output / "mic.ply"
        with resources.as_file(resources.files("ralhe.samples") / "mic.spz") as sample:
            click.echo(f"sample: {sample.stem}, {format_size(sample.stat().st_size)} as {sample.suffix}")
            report = encode_file(sample, stream, size=size, preset="fast")
            click.echo(f"{stream}: {encoded_line(sample, report)}")
        gaussians, seconds = decode_file(stream, decoded)
        click.echo(f"{decoded}: {len(gaussians):,} Gaussians decoded in {seconds:.2f} s; any splat viewer opens it")
        click.echo("rms error: " + ", ".join(f"{name} {value:.3g}" for name, value in report.attribute_error.items()))
        click.echo(describe(stream.read_bytes()))
        click.echo(f"\nlook further: ralhe decode {stream} coarse.ply --max-bytes 50kB; ralhe encode --help")
