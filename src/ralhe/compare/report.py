"""The report: one HTML file that shows and measures what compression did to a scene.

The page reaches no network: pictures, style and script are inside, and its content security policy lets
nothing else in. Names of files and views are untrusted and escaped wherever they appear.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

import ralhe
from ralhe.compare import pictures, wording
from ralhe.compare.anatomy import BAR, Anatomy
from ralhe.compare.curves import FRAME, Plot, Point, plot
from ralhe.compare.quality import PSNR_CAP, Comparison, Image, SceneQuality, Summary, ViewQuality, worst_first
from ralhe.errors import SceneError
from ralhe.files import whole_file
from ralhe.sizes import format_size


@dataclass
class Album:
    """Pictures of the page, each stored once and known by its number."""

    _makers: list[Callable[[], str]] = field(default_factory=list)

    def add(self, make: Callable[..., str], *images: Image) -> int:
        """The number of the picture that `make` will turn into a data: address."""
        self._makers.append(partial(make, *images))
        return len(self._makers) - 1

    def addresses(self) -> list[str]:
        """Addresses by number; only the pictures being compressed are in memory a second time."""
        with ThreadPoolExecutor() as pool:
            return list(pool.map(lambda make: make(), self._makers))


@dataclass(frozen=True)
class ViewRow:
    """One view of one scene: its measures and the numbers of its pictures."""

    number: int  # of the view, the same in all scenes
    quality: ViewQuality
    against_photo: ViewQuality | None
    original_against_photo: ViewQuality | None
    width: int  # pixels
    height: int  # pixels
    thumbnail: str  # data: address
    original: int
    decoded: int
    error: int
    photo: int | None


@dataclass(frozen=True)
class FileRow:
    """One file of the comparison."""

    label: str
    scene: SceneQuality
    summary: Summary | None  # against renders of the reference
    photos: Summary | None  # against photos
    views: tuple[ViewRow, ...]  # worst first
    anatomy: Anatomy | None


def write_report(path: Path, comparison: Comparison) -> None:
    """Writes the comparison as one self-contained HTML file, under its name only when it is whole.

    Raises SceneError where there is no scene or no view, or where a view lacks a picture.
    """
    page = _page(comparison)
    with whole_file(path) as stream:
        stream.write(page.encode("utf-8", "replace"))  # file names may hold bytes that are no text


def _page(comparison: Comparison) -> str:
    album = Album()
    reference, *rows = _file_rows(comparison, album)
    addresses = album.addresses()
    style, script = _source("report.css"), _source("report.js")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"decibels": wording.decibels, "mean_decibels": wording.mean_decibels}
    environment.filters |= {"score": wording.score, "size": format_size, "view_line": wording.view_line}
    first = rows[0].views[0]
    shown = (first.original, first.decoded, first.error)
    return environment.from_string(_source("report.html.jinja")).render(
        comparison=comparison,
        reference=reference,
        rows=rows,
        first=first,
        addresses=addresses,
        stored_addresses=[None if i in shown else address for i, address in enumerate(addresses)],
        curves=_curves(rows),
        frame=FRAME,
        has_photos=any(row.photos for row in (reference, *rows)),
        has_lpips=any(view.lpips is not None for row in rows for view in (*row.scene.views, *row.scene.photos)),
        style=Markup(style),
        script=Markup(script),
        policy=_policy(style, script),
        error_scale=pictures.error_scale(),
        error_white=pictures.ERROR_WHITE,
        picture_quality=pictures.QUALITY,
        longest_side=pictures.LONGEST_SIDE,
        psnr_cap=PSNR_CAP,
        bar=BAR,
        ratio=wording.ratio,
        verdict=wording.verdict,
        version=ralhe.__version__,
    )


def _source(name: str) -> str:
    return files("ralhe.compare").joinpath(name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    """Content security policy: no network, and no style or script but the page's own."""
    allowed = {"img-src": "data:", "style-src": _digest(style), "script-src": _digest(script)}
    barred = dict.fromkeys(("default-src", "base-uri", "form-action"), "'none'")
    return "; ".join(f"{directive} {source}" for directive, source in (barred | allowed).items())


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def _file_rows(comparison: Comparison, album: Album) -> list[FileRow]:
    """The reference, then the scenes."""
    reference, scenes = comparison.reference, comparison.scenes
    if not scenes:
        raise SceneError(f"{reference.path.name}: nothing to compare it with; name at least one more file")
    labels = wording.labels([reference.path, *(scene.path for scene in scenes)])
    shared = _SharedPictures(comparison, album)
    rows = [FileRow(labels[0], reference, None, Summary.of(reference.photos), (), None)]
    for label, scene in zip(labels[1:], scenes, strict=True):
        if not scene.views:
            raise SceneError(f"{label}: measured in no view; give cameras, or leave them out to have views placed")
        views = tuple(shared.row(label, scene, quality) for quality in worst_first(scene.views))
        summary, photos = Summary.of(scene.views), Summary.of(scene.photos)
        rows.append(FileRow(label, scene, summary, photos, views, Anatomy.of(scene)))
    return rows


class _SharedPictures:
    """Originals, photos and thumbnails, made once for all scenes."""

    def __init__(self, comparison: Comparison, album: Album) -> None:
        self._comparison = comparison
        self._album = album
        originals = comparison.reference.images
        self._original = {name: album.add(pictures.webp, image) for name, image in originals.items()}
        self._photo = {name: album.add(pictures.webp, image) for name, image in comparison.photo_images.items()}
        side = pictures.THUMBNAIL_SIDE
        self._thumbnail = {name: pictures.webp(image, longest_side=side) for name, image in originals.items()}
        self._original_against_photo = {quality.view: quality for quality in comparison.reference.photos}

    def row(self, label: str, scene: SceneQuality, quality: ViewQuality) -> ViewRow:
        """One view of `scene`, its pictures added to the album."""
        view = quality.view
        original, decoded = self._comparison.reference.images.get(view), scene.images.get(view)
        if original is None or decoded is None:
            raise SceneError(f"{label}: no picture of view {view!r}; compare again with the pictures kept")
        if original.shape != decoded.shape:
            sizes = f"{decoded.shape}, that of the original {original.shape}"
            raise SceneError(f"{label}: the picture of view {view!r} is {sizes}; render both alike")
        return ViewRow(
            number=self._original[view],
            quality=quality,
            against_photo=next((photo for photo in scene.photos if photo.view == view), None),
            original_against_photo=self._original_against_photo.get(view),
            width=original.shape[1],
            height=original.shape[0],
            thumbnail=self._thumbnail[view],
            original=self._original[view],
            decoded=self._album.add(pictures.webp, decoded),
            error=self._album.add(pictures.error_webp, original, decoded),
            photo=self._photo.get(view),
        )


def _curves(rows: Sequence[FileRow]) -> Plot | None:
    points = [
        Point(row.label, wording.file_type(row.scene.path), row.scene.bytes, row.summary.psnr)
        for row in rows
        if row.summary is not None
    ]
    return plot(points)
