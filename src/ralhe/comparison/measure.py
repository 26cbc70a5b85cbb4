"""Measures scenes against a reference, view by view."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

import ralhe
from ralhe import cameras, metrics
from ralhe.bitstream import MAGIC
from ralhe.cameras import Views, photos
from ralhe.cameras.views import View
from ralhe.comparison.quality import Comparison, Image, SceneQuality, StreamLevel, ViewQuality
from ralhe.errors import CameraError
from ralhe.files.coordinates import in_ply_axes
from ralhe.gaussians import Gaussians
from ralhe.progress import Progress
from ralhe.rasteriser import Splats, render
from ralhe.stream_report import describe_json
from ralhe.viewpoints import place_views

Pixels = npt.NDArray[np.float32]  # [H, W, 3] in [0, 1]
Watcher = Callable[[Progress], None]

PICTURED = 12
"""Views whose pictures are kept: the worst ones."""

COST = 20  # what measuring takes, in drawings


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
    none are. Without any, views are placed around or inside the reference. size: largest width and height of a
    picture; the cameras' own, or 800 x 600 for placed views, if not given. Raises SceneError, BitstreamError,
    CameraError or OSError for files that cannot be used.
    """
    began = time.monotonic()
    tell = progress or (lambda _: None)
    tell(Progress("reading", 0, 1))
    original, *others = (_Scene.read(Path(path)) for path in (reference, *scenes))
    chosen, source = _views(views, original.gaussians)
    shown = _fitted(chosen.test or chosen.fit, size)
    kept = min(PICTURED, len(shown))
    results: list[_Measured] = []
    for i, view in enumerate(shown):
        results.append(_measure(view, chosen.background, original, others))
        tell(Progress("measuring", COST * (i + 1), COST * len(shown) + kept))
    worst = sorted(sorted(range(len(shown)), key=lambda i: results[i].worst)[:kept])
    pictures = []
    for i in worst:
        pictures.append(_pictures(shown[i], chosen.background, [original, *others]))
        tell(Progress("drawing", COST * len(shown) + len(pictures), COST * len(shown) + kept))
    names = [shown[i].name for i in worst]
    taken = {shown[i].name: results[i].photo for i in worst}

    def quality(index: int, scene: _Scene) -> SceneQuality:
        return replace(
            scene.quality,
            views=tuple(r.renders[index - 1] for r in results) if index else (),
            photos=tuple(r.photos[index] for r in results if r.photos),
            images={name: row[index] for name, row in zip(names, pictures, strict=True)},
        )

    everything = [quality(i, scene) for i, scene in enumerate([original, *others])]
    return Comparison(
        reference=everything[0],
        scenes=tuple(everything[1:]),
        view_source=source,
        background=chosen.background,
        seconds=time.monotonic() - began,
        photo_images={name: photo for name, photo in taken.items() if photo is not None},
    )


@dataclass(frozen=True)
class _Scene:
    gaussians: Gaussians
    splats: Splats
    quality: SceneQuality  # what the file says; no views yet

    @classmethod
    def read(cls, path: Path) -> _Scene:
        """The scene in the axes of a .ply, where cameras are at home."""
        gaussians = in_ply_axes(ralhe.read(path))
        sections, levels = _anatomy(path)
        quality = SceneQuality(
            path, path.stat().st_size, len(gaussians), gaussians.sh_degree, (), sections=sections, levels=levels
        )
        return cls(gaussians, Splats.of(gaussians), quality)

    def draw(self, view: View, background: tuple[float, float, float]) -> Pixels:
        """What the view sees, cut to [0, 1]."""
        with torch.no_grad():
            colour = render(self.splats, view.camera, background=background).colour
        return colour.clamp(0, 1).cpu().numpy()


@dataclass(frozen=True)
class _Measured:
    renders: tuple[ViewQuality, ...]  # of each scene against the reference
    photos: tuple[ViewQuality, ...]  # of the reference and each scene against the photo; empty without one
    photo: Image | None

    @property
    def worst(self) -> float:
        """Lowest PSNR of any scene in the view; against the photo where there is no other scene."""
        return min((q.psnr for q in self.renders or self.photos), default=0.0)


def _anatomy(path: Path) -> tuple[dict[str, int], tuple[StreamLevel, ...]]:
    data = path.read_bytes()
    if not data.startswith(MAGIC):
        return {}, ()
    known = describe_json(data)
    return known["bytes"], tuple(StreamLevel(**level) for level in known["levels"])


def _views(given: str | Path | Views | None, gaussians: Gaussians) -> tuple[Views, str]:
    if given is None:
        return place_views(gaussians), "views placed by ralhe"
    if isinstance(given, Views):
        return given, "views given"
    return cameras.read(given), Path(given).name


def _fitted(views: Sequence[View], size: tuple[int, int] | None) -> list[View]:
    if not views:
        raise CameraError("there are no views to compare in")
    return [replace(view, camera=view.camera.within(*size)) for view in views] if size else list(views)


def _measure(view: View, background: tuple[float, float, float], original: _Scene, others: list[_Scene]) -> _Measured:
    target = original.draw(view, background)
    drawn = [scene.draw(view, background) for scene in others]
    renders = tuple(_quality(view.name, target, image) for image in drawn)
    if view.photo is None:
        return _Measured(renders, (), None)
    photo = photos.load(view, background)
    return _Measured(renders, tuple(_quality(view.name, photo, image) for image in (target, *drawn)), _bytes(photo))


def _quality(name: str, target: Pixels, image: Pixels) -> ViewQuality:
    return ViewQuality(
        view=name,
        psnr=metrics.psnr(target, image),
        ssim=metrics.ssim(target, image),
        ms_ssim=metrics.ms_ssim(target, image),
        flip=metrics.flip(target, image),
        lpips=metrics.lpips(target, image),
    )


def _pictures(view: View, background: tuple[float, float, float], scenes: list[_Scene]) -> list[Image]:
    return [_bytes(scene.draw(view, background)) for scene in scenes]


def _bytes(image: Pixels) -> Image:
    return (image * 255 + 0.5).astype(np.uint8)
