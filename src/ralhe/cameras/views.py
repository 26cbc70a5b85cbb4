"""Views: cameras with names and photos, split into those a fit may use and those that judge it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ralhe.cameras.camera import Camera

TEST_EVERY = 8
"""Where a source has no split, every eighth view by name is held out, as the papers of the field do."""


@dataclass(frozen=True)
class View:
    """A camera, its name and, where there is one, its photo."""

    name: str
    camera: Camera
    photo: Path | None = None


@dataclass(frozen=True)
class Views:
    """Views of one scene; no view is in both lists."""

    fit: tuple[View, ...]
    test: tuple[View, ...]  # held out from a fit that has others
    background: tuple[float, float, float] = (0.0, 0.0, 0.0)  # RGB in [0, 1] behind the Gaussians

    @property
    def all(self) -> tuple[View, ...]:
        """Both lists, those of the fit first."""
        return self.fit + self.test


def split(views: Sequence[View]) -> tuple[tuple[View, ...], tuple[View, ...]]:
    """(fit, test) of views without a split of their own: every TEST_EVERY-th by name is held out."""
    ordered = sorted(views, key=lambda view: view.name)
    test = tuple(ordered[::TEST_EVERY])
    return tuple(view for i, view in enumerate(ordered) if i % TEST_EVERY), test
