"""Pictures that an encoder looks at: photos of the scene, or renders of the scene as it came."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ralhe.cameras import Camera, View, Views, photos
from ralhe.errors import CameraError, SceneError
from ralhe.gaussians import Gaussians
from ralhe.rasteriser import Splats, render
from ralhe.rasteriser.sensitivity import Influence, influence
from ralhe.viewpoints import place_views

LARGEST, SMALLEST = (800, 600), (64, 48)
"""Pixels of a picture: what is fitted at half of 800 x 600 no longer holds at full size (docs/design.md)."""

PIXELS_PER_GAUSSIAN = 40
"""Small scenes have no detail that larger pictures would show."""


@dataclass(frozen=True, eq=False)
class Picture:
    """What a camera should see."""

    camera: Camera
    colour: Tensor  # [H, W, 3] half floats


@dataclass(frozen=True, eq=False)
class Pictures:
    """The pictures of a fit, and those among them that it must not learn from but is judged by."""

    learnt: tuple[Picture, ...]
    judges: tuple[Picture, ...]
    background: Tensor  # [3]

    @property
    def all(self) -> tuple[Picture, ...]:
        """Both lists."""
        return self.learnt + self.judges

    def influence(self, splats: Splats) -> Influence:
        """What each Gaussian does to all pictures."""
        return influence(splats, (picture.camera for picture in self.all), self.background)

    def error(self, splats: Splats, pictures: Sequence[Picture]) -> float:
        """Mean squared error over pictures."""
        with torch.no_grad():
            drawn = (render(splats, p.camera, background=self.background).colour - p.colour for p in pictures)
            return float(np.mean([float((difference**2).mean()) for difference in drawn]))


WIDE_SHARE = 0.4
"""Of placed pictures, so many from where people seldom stand: what none of them shows is the first to go, and a viewer
may stand there all the same (docs/design.md)."""

JUDGES = 8  # one picture of so many is a judge


def take_pictures(
    gaussians: Gaussians, views: Views | None, count: int, step: Callable[[], bool] = lambda: True
) -> Pictures | None:
    """At most `count` pictures of a scene; None where there is nothing to see.

    views: cameras of those to fit, their photos where they have them; placed by ourselves if not given. step: called
    after each picture; False ends the work.
    """
    size = picture_size(len(gaussians))
    if views is None:
        try:
            wide = round(WIDE_SHARE * count)
            views = place_views(gaussians, fit=count - wide, test=0, wide=wide, size=size)
        except (SceneError, CameraError):
            return None
    chosen = views.fit or views.test
    chosen = tuple(chosen[i] for i in sorted({round(x) for x in np.linspace(0, len(chosen) - 1, count)}))
    splats, background = Splats.of(gaussians), torch.tensor(views.background, dtype=torch.float32)
    taken = []
    for view in chosen:
        taken.append(_take(splats, view, max(size), views.background))
        if not step():
            break
    learnt = tuple(picture for i, picture in enumerate(taken) if i % JUDGES != JUDGES - 1)
    return Pictures(learnt, tuple(taken[JUDGES - 1 :: JUDGES]), background)


def picture_size(gaussians: int) -> tuple[int, int]:
    """Width and height for a scene of so many Gaussians."""
    scale = min(1.0, math.sqrt(PIXELS_PER_GAUSSIAN * gaussians / math.prod(LARGEST)))
    return max(SMALLEST[0], round(scale * LARGEST[0])), max(SMALLEST[1], round(scale * LARGEST[1]))


def _take(splats: Splats, view: View, side: int, background: tuple[float, float, float]) -> Picture:
    """A photo, or a render where there is none."""
    camera = view.camera.within(side, side)
    if view.photo is not None:
        colour = torch.from_numpy(photos.load(View(view.name, camera, view.photo), background))
    else:
        with torch.no_grad():
            colour = render(splats, camera, background=background).colour.clamp(0, 1)
    return Picture(camera, colour.half())
