"""ralhe render."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import ralhe
from ralhe import files
from ralhe.cli.arguments import SCENE, colour_of, picture_size
from ralhe.cli.compilation import compilation_told
from ralhe.cli.failures import Failure, Stopped, about, check_output, plain_words
from ralhe.cli.progress_bar import ProgressBar
from ralhe.cli.steady_bar import SteadyBar
from ralhe.progress import Progress

if TYPE_CHECKING:
    from PIL.Image import Image

    from ralhe.cameras import Camera, View, Views
    from ralhe.gaussians import Gaussians

SIZE = 800, 600
FORMATS = {".gif": "GIF", ".jpeg": "JPEG", ".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
MOVING = {".gif", ".webp"}
SECONDS_A_TURN = 6
GIF_STEP = 20  # milliseconds: it counts hundredths, and browsers take one of them for ten
QUALITY = 90  # of JPEG and WebP, 0 to 100


@click.command()
@click.argument("scene", type=SCENE)
@click.argument("picture", type=SCENE)
@click.option("--cameras", type=SCENE, help="Cameras to draw: transforms.json, cameras.json, *.views.json or a folder"
              " with a COLMAP model.")  # fmt: skip
@click.option("--camera", "number", type=click.IntRange(0), help="Draw only this camera, counted from 0: those held"
              " out first, as a drawing of all tells.")  # fmt: skip
@click.option("--orbit", type=click.IntRange(1, 1000), help="Draw so many views around the scene instead.")
@click.option("--size", callback=picture_size, help="WIDTHxHEIGHT; cameras of a file shrink to it where it is"
              " given.  [default: 800x600, or the cameras' own]")  # fmt: skip
@click.option("--background", callback=colour_of, help="black, white or #rrggbb.  [default: black, or the cameras']")
@click.option("--sh-degree", type=click.IntRange(0, 3), help="Leave out spherical harmonics above this degree.")
def render(scene: Path, picture: Path, cameras: Path | None, number: int | None, orbit: int | None,
           size: tuple[int, int] | None, background: tuple[float, float, float] | None,
           sh_degree: int | None) -> None:  # fmt: skip
    """Draw SCENE (.ply, .compressed.ply, .spz or .ralhe) to PICTURE (.png, .jpg, .webp ...).

    Without cameras one is placed where the scene shows well. Several pictures are numbered: out-000.png, out-001.png;
    an orbit to .webp or .gif is one animation.

    \b
    ralhe render scene.ralhe out.png                              a view of its own choice
    ralhe render scene.ralhe out.png --camera 3                   another one
    ralhe render scene.ralhe turn.webp --orbit 48                 once around, as an animation
    ralhe render scene.ply out.png --cameras cameras.json         every camera of a training
    """
    with plain_words("render"):
        if orbit is not None and (cameras is not None or number is not None):
            raise click.UsageError("give --orbit or --cameras and --camera, not both")
        check_output(picture, scene)
        if picture.suffix.lower() not in FORMATS:
            raise Failure(f"{picture}: not a picture; name it {', '.join(sorted(FORMATS))}")
        with SteadyBar() as bar, compilation_told():
            bar.update(Progress("reading", 0, 1))
            with about(scene):
                gaussians = ralhe.read(scene)
            if cameras:
                with about(cameras):
                    views = given(cameras)
            else:
                bar.update(Progress("placing views", 0, 1))
                with about(scene):
                    views = placed(gaussians, orbit, size or SIZE)
            shown = picked(views, number, every=bool(cameras or orbit))
            chosen = [view.camera.within(*size) if size else view.camera for view in shown]
            images = drawn(gaussians, chosen, background or views.background, sh_degree, bar)
            with about(scene):
                lines = saved(picture, images, len(chosen), moving=orbit is not None)
        count = f"{len(gaussians):,} Gaussian{'s' * (len(gaussians) != 1)}"
        names = [f", {view.name}" for view in shown] if cameras else [""] * len(lines)
        for line, name in zip(lines, names, strict=True):
            click.echo(f"{line}, {count}{name}")


def placed(gaussians: Gaussians, orbit: int | None, size: tuple[int, int]) -> Views:
    """Views of our own making: once around, or those that would judge the scene."""
    from ralhe.viewpoints import place_views, turntable

    return turntable(gaussians, orbit, size=size) if orbit else place_views(gaussians, size=size)


def given(path: Path) -> Views:
    """Views of a file."""
    from ralhe import cameras

    return cameras.read(path)


def picked(views: Views, number: int | None, *, every: bool) -> list[View]:
    """The views to draw; those that judge come first, so that camera 0 is one of them."""
    listed = [*views.test, *views.fit]
    if number is not None:
        if number >= len(listed):
            raise Failure(f"--camera {number}: there are {len(listed)} cameras, from 0 to {len(listed) - 1}")
        return [listed[number]]
    return listed if every else listed[:1]


def drawn(gaussians: Gaussians, cameras: Sequence[Camera], background: tuple[float, float, float],
          sh_degree: int | None, bar: ProgressBar) -> Iterator[Image]:  # fmt: skip
    """Pictures, one at a time, without Gaussians whose numbers are not finite."""
    import numpy as np
    import torch
    from PIL import Image

    splats = ralhe.Splats.of(gaussians.take(gaussians.finite))
    for i, camera in enumerate(cameras):
        bar.update(Progress("drawing", i, len(cameras)))
        with torch.no_grad():
            colour = ralhe.render(splats, camera, background=background, sh_degree=sh_degree).colour
        pixels = colour.nan_to_num().clamp(0, 1).cpu().numpy() * 255 + 0.5
        yield Image.fromarray(pixels.astype(np.uint8))
    bar.update(Progress("drawing", len(cameras), len(cameras)))


def saved(path: Path, images: Iterator[Image], count: int, *, moving: bool) -> list[str]:
    """Writes one picture, an animation, or numbered pictures; a line on each file."""
    if count == 1:
        return [written(path, next(images))]
    if moving and path.suffix.lower() in MOVING:
        first, *others = images
        step = 1000 * SECONDS_A_TURN / count  # milliseconds
        step = round(step) if path.suffix.lower() != ".gif" else max(GIF_STEP, round(step, -1))
        return [written(path, first, save_all=True, append_images=others, duration=step, loop=0)]
    lines: list[str] = []
    width = max(3, len(str(count - 1)))
    try:
        for image in images:
            lines.append(written(path.with_stem(f"{path.stem}-{len(lines):0{width}}"), image))
    except KeyboardInterrupt:
        if not lines:
            raise
        raise Stopped(f"stopped; {len(lines)} of {count} pictures were written") from None
    return lines


def written(path: Path, image: Image, **options: Any) -> str:
    """Writes one file, whole or not at all; a line on it."""
    with about(path), files.whole_file(path) as out:
        try:
            image.save(out, FORMATS[path.suffix.lower()], quality=QUALITY, **options)
        except ValueError as error:  # more pixels than the format has room for
            raise Failure(f"{path}: {error}; give a smaller --size or write .png") from error
    return f"{path}: {image.width} x {image.height} pixels"
