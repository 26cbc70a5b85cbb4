"""Measures scenes against a reference, view by view."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from ralhe import cameras, metrics
from ralhe.arguments import refuse_no_pixels
from ralhe.bitstream import is_stream
from ralhe.cameras import Views, photos
from ralhe.cameras.views import View
from ralhe.comparison.quality import Comparison, Image, SceneQuality, StreamLevel, ViewQuality
from ralhe.errors import CameraError, RalheError
from ralhe.files.notice import notice
from ralhe.gaussians import Gaussians
from ralhe.progress import Progress
from ralhe.rasteriser import Splats, render
from ralhe.stream_report import describe_json
from ralhe.verbs import read
from ralhe.viewpoints import place_views

Pixels = npt.NDArray[np.float32]  # [H, W, 3] in [0, 1]
Watcher = Callable[[Progress], None]

PICTURED = 12
"""Views whose pictures are kept: the worst ones."""

PLACED_SIZE = 800, 600
"""Pixels of placed views."""

MEASURING = 20
"""What measuring a pair of pictures takes, in drawings; the time left is told by it."""


def compare(
    reference: str | Path,
    *scenes: str | Path,
    views: str | Path | Views | None = None,
    size: tuple[int, int] | None = None,
    progress: Watcher | None = None,
) -> Comparison:
    """Renders of scenes against renders of a reference, and against photos where the views have them.

    reference, scenes: .ply, .compressed.ply, .spz or .ralhe files. views: cameras, or a file or folder of them (see
    `ralhe.cameras.read`), in the axes of a trained .ply; only the views held out from a fit are used, or all where
    none are. Without any, views are placed around or inside the reference. size: width and height of placed views,
    800 x 600 if not given; views of cameras shrink to it. Raises SceneError, BitstreamError or CameraError, naming
    the file, for files that cannot be used, OSError for those that cannot be read.

        files -> reading -> placing views -> measuring all -> drawing the worst -> Comparison
    """
    if size is not None:
        refuse_no_pixels(size)
    began = time.monotonic()
    tell = progress or (lambda _: None)
    tell(Progress("reading", 0, 1))
    files = [_Scene.read(Path(path)) for path in (reference, *scenes)]
    if views is None:
        tell(Progress("placing views", 0, 1))
    chosen, source = _views(views, files[0], size)
    shown = _shown(chosen, size)
    work = _Work.of(shown, len(files), tell)
    found = [_measure(view, chosen.background, files) for view in work.each("measuring", shown, work.measuring)]
    worst = sorted(sorted(range(len(shown)), key=lambda i: found[i].worst)[:PICTURED])
    pictured = [shown[i] for i in worst]
    pictures = [_pictures(view, chosen.background, files) for view in work.each("drawing", pictured, len(files))]

    def quality(index: int, scene: _Scene) -> SceneQuality:
        return replace(
            scene.quality,
            views=tuple(measured.renders[index - 1] for measured in found) if index else (),
            photos=tuple(measured.photos[index] for measured in found if measured.photos),
            images={view.name: images[index] for view, images in zip(pictured, pictures, strict=True)},
        )

    everything = [quality(i, scene) for i, scene in enumerate(files)]
    return Comparison(
        reference=everything[0],
        scenes=tuple(everything[1:]),
        view_source=source,
        background=chosen.background,
        seconds=time.monotonic() - began,
        photo_images={view.name: _bytes(photos.load(view, chosen.background)) for view in pictured if view.photo},
    )


@dataclass
class _Work:
    """How far measuring and drawing are; all counts are in drawings."""

    tell: Watcher
    measuring: int  # a view in all scenes
    total: int
    done: int = 0

    @classmethod
    def of(cls, shown: Sequence[View], scenes: int, tell: Watcher) -> _Work:
        """The work on views of so many scenes."""
        pairs = scenes - 1 + scenes * any(view.photo for view in shown)
        measuring = MEASURING * pairs
        return cls(tell, measuring, len(shown) * measuring + min(PICTURED, len(shown)) * scenes)

    def each(self, phase: str, views: Iterable[View], cost: int) -> Iterator[View]:
        """The views; each counts `cost` once the next is asked for."""
        for view in views:
            self.tell(Progress(phase, self.done, self.total))
            yield view
            self.done += cost
        self.tell(Progress(phase, self.done, self.total))


@dataclass(frozen=True)
class _Scene:
    gaussians: Gaussians
    splats: Splats
    quality: SceneQuality  # what the file says; no views yet

    @classmethod
    def read(cls, path: Path) -> _Scene:
        """The scene, and what it looks like in the axes of a .ply, where cameras are at home."""
        with _naming(path):
            gaussians = read(path)
            sections, levels = _anatomy(path)
        finite = gaussians.finite
        if not finite.all():
            lacking = f"{np.count_nonzero(~finite):,} Gaussians with numbers that are not finite"
            notice(f"{path}: {lacking} are not drawn")
        quality = SceneQuality(
            path, path.stat().st_size, len(gaussians), gaussians.sh_degree, (), sections=sections, levels=levels
        )
        return cls(gaussians, Splats.of(gaussians.take(finite)), quality)

    def draw(self, view: View, background: tuple[float, float, float]) -> Pixels:
        """What the view sees, cut to [0, 1]; black where a scene's numbers make no colour."""
        with torch.no_grad():
            colour = render(self.splats, view.camera, background=background).colour
        return colour.nan_to_num().clamp(0, 1).cpu().numpy()


@dataclass(frozen=True)
class _Measured:
    renders: tuple[ViewQuality, ...]  # of each scene against the reference
    photos: tuple[ViewQuality, ...]  # of the reference and each scene against the photo; empty without one

    @property
    def worst(self) -> float:
        """Lowest PSNR of any scene in the view; against the photo where there is no other scene."""
        return min((q.psnr for q in self.renders or self.photos), default=0.0)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Of several files, errors of the block name this one."""
    try:
        yield
    except RalheError as error:
        raise type(error)(f"{path}: {str(error).removeprefix(f'{path.name}: ')}") from error


def _anatomy(path: Path) -> tuple[dict[str, int], tuple[StreamLevel, ...]]:
    if not is_stream(path):
        return {}, ()
    known = describe_json(path.read_bytes())
    return known["bytes"], tuple(StreamLevel(**level) for level in known["levels"])


def _views(given: str | Path | Views | None, reference: _Scene, size: tuple[int, int] | None) -> tuple[Views, str]:
    if given is None:
        with _naming(reference.quality.path):
            return place_views(reference.gaussians, size=size or PLACED_SIZE), "placed by ralhe"
    if isinstance(given, Views):
        return given, "given"
    with _naming(Path(given)):
        return cameras.read(given), Path(given).resolve().name


def _shown(views: Views, size: tuple[int, int] | None) -> list[View]:
    chosen = views.test or views.fit
    if not chosen:
        raise CameraError("there are no views to compare in; give some, or none at all to have them placed")
    return [replace(view, camera=view.camera.within(*size)) for view in chosen] if size else list(chosen)


def _measure(view: View, background: tuple[float, float, float], scenes: Sequence[_Scene]) -> _Measured:
    target, *others = drawn = [scene.draw(view, background) for scene in scenes]
    renders = tuple(_quality(view.name, target, image) for image in others)
    if view.photo is None:
        return _Measured(renders, ())
    photo = photos.load(view, background)
    return _Measured(renders, tuple(_quality(view.name, photo, image) for image in drawn))


def _quality(name: str, target: Pixels, image: Pixels) -> ViewQuality:
    return ViewQuality(
        view=name,
        psnr=metrics.psnr(target, image),
        ssim=metrics.ssim(target, image),
        ms_ssim=metrics.ms_ssim(target, image),
        flip=metrics.flip(target, image),
        lpips=metrics.lpips(target, image),
    )


def _pictures(view: View, background: tuple[float, float, float], scenes: Sequence[_Scene]) -> list[Image]:
    return [_bytes(scene.draw(view, background)) for scene in scenes]


def _bytes(image: Pixels) -> Image:
    return (image * 255 + 0.5).astype(np.uint8)
