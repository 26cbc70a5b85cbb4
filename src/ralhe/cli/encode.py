"""ralhe encode."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

import ralhe
from ralhe import files
from ralhe.bitstream import SUFFIX
from ralhe.cli.arguments import SCENE, bytes_of, sizes_of
from ralhe.cli.failures import (
    Failure,
    Stopped,
    about,
    check_output,
    is_folder,
    is_there,
    make_folder,
    plain_words,
    stop_on_interrupt,
)
from ralhe.cli.progress_bar import ProgressBar
from ralhe.options import EncodeOptions, LadderOptions
from ralhe.sizes import DEFAULT_SIZE, compare_sizes, format_size

if TYPE_CHECKING:
    from ralhe.outcome import EncodeReport

UNUSUAL_SIZE = 1000  # a stream of fewer bytes has a few dozen Gaussians: kilobytes may have been meant


@click.command()
@click.argument("scene", type=SCENE)
@click.argument("stream", type=SCENE)
@click.option("--size", callback=bytes_of, help="Most the stream may have: bytes, kB, MB, KiB or MiB.  [default: 1MB]")
@click.option("--sizes", callback=sizes_of, help="Several sizes, as in 100kB,250kB,1MB: STREAM is then a folder, and"
              " gets a stream for each, sooner than by as many encodes.")  # fmt: skip
@click.option("--lmbda", type=float, help="Distortion worth one bit, instead of a size: 0.0001 is fine, 0.03 is coarse."
              " Every Gaussian that can be seen stays, and the stream may have any size.")  # fmt: skip
@click.option("--preset", type=click.Choice(["fast", "default", "best"]), default="default", show_default=True,
              help="How long to look for a better stream of the same size; decoding is as fast after any.")  # fmt: skip
@click.option("--sh-degree", type=click.IntRange(0, 3), help="Cut the spherical harmonics to this degree.")
@click.option("--depth", type=click.IntRange(1, 21), help="Depth of the octree of positions; chosen if not given.")
@click.option("--images", type=SCENE, help="Photos that the scene was trained on, with their cameras: a folder or file"
              " as for ralhe compare --cameras. The stream looks like them from there, not like SCENE.")  # fmt: skip
def encode(scene: Path, stream: Path, size: int | None, sizes: dict[str, int] | None, lmbda: float | None, preset: str,
           sh_degree: int | None, depth: int | None, images: Path | None) -> None:  # fmt: skip
    """Compress SCENE (.ply, .compressed.ply or .spz) to STREAM (.ralhe).

    The stream is never larger than --size and at least 97% of it, unless the scene needs less at best quality or
    --size is below 2 kB.
    Ctrl-C ends the search and writes the best so far; a second Ctrl-C aborts and writes nothing more.

    \b
    ralhe encode scene.ply scene.ralhe                  1 MB, the default
    ralhe encode scene.ply scene.ralhe --size 250kB     smaller
    ralhe encode scene.spz scene.ralhe --preset fast    sooner
    ralhe encode scene.ply out/ --sizes 100kB,1MB       out/scene-100kB.ralhe and out/scene-1MB.ralhe
    """
    with plain_words():
        if sum(x is not None for x in (size, sizes, lmbda)) > 1:
            raise click.UsageError("give one of --size, --sizes and --lmbda")
        for asked in (size, *(sizes or {}).values()):
            if asked is not None and asked < UNUSUAL_SIZE:
                click.echo(f"note: {asked} is a size in bytes; write {asked}kB for kilobytes", err=True)
        views = None
        if images is not None:
            from ralhe import cameras

            with about(images):
                views = cameras.read(images)
            if not views.fit:
                click.echo(f"note: {images}: all its views are held out for tests; the fit will see them, and they no"
                           " longer tell how good the stream is", err=True)  # fmt: skip
            if not any(view.photo for view in views.fit or views.test):
                click.echo(f"note: {images}: no photo of its cameras can be used; the stream will look like"
                           f" {scene.name} from where they stand", err=True)  # fmt: skip
        if sizes is not None:
            encode_files(scene, stream, sizes, preset=preset, sh_degree=sh_degree, depth=depth, views=views)
            return
        size = size or (DEFAULT_SIZE if lmbda is None else None)
        report = encode_file(
            scene, stream, size=size, lmbda=lmbda, preset=preset, sh_degree=sh_degree, depth=depth, views=views
        )
        click.echo(f"{stream}: {encoded_line(scene, report)}")


def encode_files(scene: Path, folder: Path, sizes: dict[str, int], **options: Unpack[LadderOptions]) -> None:
    """Reads, encodes to every size under a progress bar, writes each FOLDER/SCENE-SIZE.ralhe as soon as it is whole."""
    with about(scene):
        gaussians = ralhe.read(scene)
    if folder.suffix.lower() == SUFFIX and not is_folder(folder):
        raise Failure(f"{folder}: is the name of a stream; with --sizes name the folder that streams go to")
    make_folder(folder, _room(scene, *sizes.values()))
    plain = scene.name.removesuffix(scene.suffix).removesuffix(".compressed")
    streams = {name: folder / f"{plain}-{name}.ralhe" for name in sizes}
    for stream in streams.values():
        check_output(stream, scene)
    written = 0

    def write(size: int, report: EncodeReport) -> None:
        nonlocal written
        for stream in (streams[name] for name, wanted in sizes.items() if wanted == size):
            with about(stream), files.whole_file(stream) as out:
                out.write(report.data)
            written += 1
            bar.say(f"{stream}: {encoded_line(scene, report)}")

    with about(scene), stop_on_interrupt() as stop, ProgressBar() as bar:
        options["progress"], options["stop"], options["finished"] = bar.update, stop, write
        try:
            ralhe.encode_ladder(gaussians, list(sizes.values()), **options)
        except KeyboardInterrupt:
            raise Stopped(f"stopped; {written} of {len(sizes)} streams were written") from None


def encode_file(scene: Path, stream: Path, **options: Unpack[EncodeOptions]) -> EncodeReport:
    """Reads, encodes under a progress bar, writes."""
    check_output(stream, scene, room=_room(scene, options.get("size") or 0))
    if stream.suffix.lower() != SUFFIX:
        raise Failure(f"{stream}: a stream has a name that ends in {SUFFIX}")
    with about(scene):
        gaussians = ralhe.read(scene)
        with stop_on_interrupt() as stop, ProgressBar() as bar:
            options["progress"], options["stop"] = bar.update, stop
            report = ralhe.encode_report(gaussians, **options)
    with about(stream), files.whole_file(stream) as out:
        out.write(report.data)
    return report


def _room(scene: Path, *sizes: int) -> int:
    """Bytes that streams may need: a size may be far more than the scene has."""
    return min(sum(sizes), scene.stat().st_size) if is_there(scene) else 0


def encoded_line(scene: Path, report: EncodeReport) -> str:
    """What an encode did, in one line."""
    if not report.leaves:
        return f"{format_size(len(report.data))}, without a Gaussian: nothing of {scene.name} can be seen"
    ratio = compare_sizes(scene.stat().st_size, len(report.data))
    dropped = f", {report.dropped:,} unseen dropped" if report.dropped else ""
    return (
        f"{format_size(len(report.data))} ({ratio}), {report.leaves:,} of "
        f"{report.source_gaussians:,} Gaussians{dropped}, depth {report.depth}, SH degree {report.sh_degree}, "
        f"lambda {report.lmbda:.4g}, {report.seconds:.0f} s"
    )
