"""ralhe render."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import ralhe
from ralhe import files
from ralhe.cli.arguments import SCENE, colour_of, picture_size
from ralhe.cli.failures import Failure, about, check_output, plain_words
from ralhe.files.coordinates import in_ply_axes
from ralhe.progress import Progress
from ralhe.progress_bar import ProgressBar

if TYPE_CHECKING:
    from PIL.Image import Image

    from ralhe.cameras import Camera, Views
    from ralhe.gaussians import Gaussians

SIZE = 800, 600
FORMATS = {".gif": "GIF", ".jpeg": "JPEG", ".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
MOVING = {".gif", ".webp"}
SECONDS_A_TURN = 6


@click.command()
@click.argument("scene", type=SCENE)
@click.argument("picture", type=SCENE)
@click.option("--cameras", type=SCENE, help="Cameras to draw: transforms.json, cameras.json, *.views.json or a folder"
              " with a COLMAP model.")  # fmt: skip
@click.option("--camera", "number", type=click.IntRange(0), help="Draw only this camera, counted from 0.")
@click.option("--orbit", type=click.IntRange(1, 1000), help="Draw so many views around the scene instead.")
@click.option("--size", callback=picture_size, help="WIDTHxHEIGHT; cameras of a file shrink to it.  [default: 800x600]")
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
    with plain_words():
        if orbit is not None and (cameras is not None or number is not None):
            raise click.UsageError("give --orbit or --cameras and --camera, not both")
        check_output(scene, picture)
        if picture.suffix.lower() not in FORMATS:
            raise Failure(f"{picture}: not a picture; name it {', '.join(sorted(FORMATS))}")
        with about(scene):
            gaussians = in_ply_axes(ralhe.read(scene))
            views = None if cameras else placed(gaussians, orbit, size or SIZE)
        if cameras:
            with about(cameras):
                views = given(cameras)
        assert views is not None
        chosen = picked(views, number, every=bool(cameras or orbit))
        if size:
            chosen = [camera.within(*size) for camera in chosen]
        with about(scene):
            images = drawn(gaussians, chosen, background or views.background, sh_degree)
        for path in saved(picture, images, moving=orbit is not None):
            click.echo(f"{path}: {images[0].width} x {images[0].height} pixels, {len(gaussians):,} Gaussians")


def placed(gaussians: Gaussians, orbit: int | None, size: tuple[int, int]) -> Views:
    """Views of our own making: once around, or those that would judge the scene."""
    from ralhe.viewpoints import place_views, turntable

    return turntable(gaussians, orbit, size=size) if orbit else place_views(gaussians, size=size)


def given(path: Path) -> Views:
    """Views of a file."""
    from ralhe import cameras

    return cameras.read(path)


def picked(views: Views, number: int | None, *, every: bool) -> list[Camera]:
    """The cameras to draw; those that judge come first, so that camera 0 is one of them."""
    listed = [view.camera for view in (*views.test, *views.fit)]
    if number is not None:
        if number >= len(listed):
            raise Failure(f"--camera {number}: there are {len(listed)} cameras, from 0 to {len(listed) - 1}")
        return [listed[number]]
    return listed if every else listed[:1]


def drawn(gaussians: Gaussians, cameras: Sequence[Camera], background: tuple[float, float, float],
          sh_degree: int | None) -> list[Image]:  # fmt: skip
    """Pictures, under a progress bar."""
    import numpy as np
    import torch
    from PIL import Image

    splats, images = ralhe.Splats.of(gaussians), []
    with ProgressBar() as bar, torch.no_grad():
        for i, camera in enumerate(cameras):
            colour = ralhe.render(splats, camera, background=background, sh_degree=sh_degree).colour
            pixels = (colour.clamp(0, 1).cpu().numpy() * 255 + 0.5).astype(np.uint8)
            images.append(Image.fromarray(pixels))
            bar.update(Progress("drawing", i + 1, len(cameras)))
    return images


def saved(path: Path, images: Sequence[Image], *, moving: bool) -> list[Path]:
    """Writes one picture, an animation, or numbered pictures; the files."""
    if len(images) == 1:
        write(path, images[0])
        return [path]
    if moving and path.suffix.lower() in MOVING:
        step = round(1000 * SECONDS_A_TURN / len(images))
        write(path, images[0], save_all=True, append_images=list(images[1:]), duration=step, loop=0)
        return [path]
    width = max(3, len(str(len(images) - 1)))
    paths = [path.with_stem(f"{path.stem}-{i:0{width}}") for i in range(len(images))]
    for numbered, image in zip(paths, images, strict=True):
        write(numbered, image)
    return paths


def write(path: Path, image: Image, **options: Any) -> None:
    """One file, whole or not at all."""
    with about(path), files.whole_file(path) as out:
        image.save(out, FORMATS[path.suffix.lower()], **options)
