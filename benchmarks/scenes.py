"""The scenes to measure on: splats, and the cameras that judge them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import ralhe
from ralhe import cameras
from ralhe.cameras import Views
from ralhe.coordinates import in_ply_axes
from ralhe.errors import SceneError
from ralhe.gaussians import Gaussians


@dataclass(frozen=True)
class Scene:
    """A .ply file with its cameras."""

    ply: Path
    cameras: Path

    @property
    def name(self) -> str:
        return self.ply.stem

    @cached_property
    def gaussians(self) -> Gaussians:
        """In the axes of a .ply, where cameras are at home."""
        return in_ply_axes(ralhe.read(self.ply))

    @cached_property
    def views(self) -> Views:
        return cameras.read(self.cameras)


def find(folder: Path, views: Path, names: tuple[str, ...]) -> list[Scene]:
    """The scenes of these names, or all that have cameras.

    Cameras are VIEWS/NAME.views.json, or VIEWS/NAME/photos where the scene has photos. Raises SceneError for a name
    without a scene or without cameras.
    """
    found = []
    for name in names or sorted(path.stem for path in folder.glob("*.ply")):
        ply = folder / f"{name}.ply"
        places = [place for place in (views / f"{name}.views.json", views / name / "photos") if place.exists()]
        if ply.exists() and places:
            found.append(Scene(ply, places[0]))
        elif names:
            wanted = ply if not ply.exists() else views / f"{name}.views.json"
            raise SceneError(f"{wanted} does not exist; --scenes holds NAME.ply, --views NAME.views.json")
    if not found:
        raise SceneError(f"{folder}: holds no NAME.ply whose NAME.views.json is in {views}")
    return found
