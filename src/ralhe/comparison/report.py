"""The report: one HTML file that shows and measures what compression did to a scene.

The page reaches no network: pictures, style and script are inside, and its content security policy lets
nothing else in. Names of files and views are untrusted and escaped wherever they appear.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

import ralhe
from ralhe.comparison import pictures, wording
from ralhe.comparison.album import Album, ViewPictures
from ralhe.comparison.anatomy import BAR, Anatomy
from ralhe.comparison.curves import FRAME, Plot, Point, plot
from ralhe.comparison.quality import PSNR_CAP, Comparison, SceneQuality, Summary, ViewQuality, worst_first
from ralhe.errors import SceneError
from ralhe.files import whole_file
from ralhe.sizes import format_size


@dataclass(frozen=True)
class ViewRow:
    """One view of one scene."""

    quality: ViewQuality
    against_photo: ViewQuality | None
    original_against_photo: ViewQuality | None
    pictures: ViewPictures | None


@dataclass(frozen=True)
class FileRow:
    """One file of the comparison."""

    label: str
    scene: SceneQuality
    summary: Summary | None  # against renders of the reference
    photos: Summary | None  # against photos
    views: tuple[ViewRow, ...]  # worst first
    anatomy: Anatomy | None


def write_report(path: str | Path, comparison: Comparison) -> None:
    """Writes the comparison as one self-contained HTML file, under its name only when it is whole.

    Views without pictures are listed only. Raises SceneError where there is no scene to compare, or one without
    any view or without any picture.
    """
    page = _page(comparison)
    with whole_file(Path(path)) as stream:
        stream.write(page.encode("utf-8", "replace"))  # file names may hold bytes that are no text


def _page(comparison: Comparison) -> str:
    album = Album(comparison)
    reference, *rows = _file_rows(comparison, album)
    addresses = album.addresses()
    first = next(view for view in rows[0].views if view.pictures is not None)
    style, script = _source("report.css"), _source("report.js")
    return _template().render(
        comparison=comparison,
        reference=reference,
        rows=rows,
        first=first,
        addresses=addresses,
        anatomies=[row for row in rows if row.anatomy],
        curves=_curves(rows),
        has_photos=any(row.photos for row in (reference, *rows)),
        has_lpips=any(view.lpips is not None for row in rows for view in (*row.scene.views, *row.scene.photos)),
        style=Markup(style),
        script=Markup(script),
        policy=_policy(style, script),
    )


def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"decibels": wording.decibels, "mean_decibels": wording.mean_decibels}
    environment.filters["worst_decibels"] = wording.worst_decibels
    environment.filters |= {"score": wording.score, "size": format_size, "view_line": wording.view_line}
    environment.globals |= {"ratio": wording.ratio, "verdict": wording.verdict, "frame": FRAME, "bar": BAR}
    environment.globals |= {"pictures": pictures, "psnr_cap": PSNR_CAP, "version": ralhe.__version__}
    return environment.from_string(_source("report.html.jinja"))


def _source(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


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
    rows = [FileRow(labels[0], reference, None, Summary.of(reference.photos), (), None)]
    for label, scene in zip(labels[1:], scenes, strict=True):
        views = _view_rows(scene, reference, album)
        if not views:
            raise SceneError(f"{label}: measured in no view; give cameras, or leave them out to have views placed")
        if all(view.pictures is None for view in views):
            raise SceneError(f"{label}: no picture of any view; compare again with the pictures kept")
        rows.append(FileRow(label, scene, Summary.of(scene.views), Summary.of(scene.photos), views, Anatomy.of(scene)))
    return rows


def _view_rows(scene: SceneQuality, reference: SceneQuality, album: Album) -> tuple[ViewRow, ...]:
    photos, original_photos = ({photo.view: photo for photo in file.photos} for file in (scene, reference))
    return tuple(
        ViewRow(quality, photos.get(quality.view), original_photos.get(quality.view), album.view(scene, quality.view))
        for quality in worst_first(scene.views)
    )


def _curves(rows: Sequence[FileRow]) -> Plot | None:
    points = [
        Point(row.label, wording.file_type(row.scene.path), row.scene.bytes, row.summary.psnr)
        for row in rows
        if row.summary is not None
    ]
    return plot(points)
