"""Pictures of a report: each is stored once and known by its number."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from ralhe.comparison import pictures
from ralhe.comparison.quality import Comparison, Image, SceneQuality
from ralhe.errors import SceneError


@dataclass(frozen=True)
class ViewPictures:
    """What there is to look at in one view of one scene."""

    width: int  # pixels
    height: int  # pixels
    thumbnail: str  # data: address
    original: int  # numbers in the album; that of the original also names the view in all scenes
    decoded: int
    error: int
    photo: int | None


class Album:
    """Collects the pictures of a comparison; originals, photos and thumbnails serve all scenes."""

    def __init__(self, comparison: Comparison) -> None:
        self._makers: list[Callable[[], str]] = []
        self._originals = comparison.reference.images
        self._numbers = {view: self._add(pictures.webp, image) for view, image in self._originals.items()}
        self._photos = {view: self._add(pictures.webp, image) for view, image in comparison.photo_images.items()}
        self._thumbnails = {
            view: pictures.webp(image, longest_side=pictures.THUMBNAIL_SIDE) for view, image in self._originals.items()
        }

    def view(self, scene: SceneQuality, view: str) -> ViewPictures | None:
        """The pictures of a view, None where they were not kept. Raises SceneError where their shapes differ."""
        original, decoded = self._originals.get(view), scene.images.get(view)
        if original is None or decoded is None:
            return None
        if original.shape != decoded.shape:
            sizes = f"{decoded.shape}, that of the original {original.shape}"
            raise SceneError(f"{scene.path.name}: the picture of view {view!r} is {sizes}; render both alike")
        return ViewPictures(
            width=original.shape[1],
            height=original.shape[0],
            thumbnail=self._thumbnails[view],
            original=self._numbers[view],
            decoded=self._add(pictures.webp, decoded),
            error=self._add(pictures.error_webp, original, decoded),
            photo=self._photos.get(view),
        )

    def addresses(self) -> list[str]:
        """data: addresses by number."""
        with ThreadPoolExecutor() as pool:
            return list(pool.map(lambda make: make(), self._makers))

    def _add(self, make: Callable[..., str], *images: Image) -> int:
        """Number of the picture that `make` will draw: later, so that only those at work take memory."""
        self._makers.append(partial(make, *images))
        return len(self._makers) - 1
