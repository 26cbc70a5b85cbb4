"""Pictures that an encoder looks at: photos of the scene, or renders of the scene as it came."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from ralhe.cameras import Camera, View, Views, photos
from ralhe.errors import CameraError, SceneError
from ralhe.gaussians import Gaussians
from ralhe.rasteriser import Splats, render
from ralhe.rasteriser.gpu import drawing_device
from ralhe.rasteriser.lens import EPS2D
from ralhe.rasteriser.sensitivity import Influence, influence, look
from ralhe.rasteriser.tiles import Part
from ralhe.viewpoints import own_views

T = TypeVar("T")

LARGEST, SMALLEST = (800, 600), (64, 48)
"""Pixels of a picture that a viewer sees, in a scene of many Gaussians and of few."""

TRAINED = 1600
"""Pixels of the longer side to which trainers shrink larger photos: where a model is at home."""

NARROWEST = 0.04
"""Square pixels of a low-pass that still shows, between the centres of pixels, what is smaller than these."""

INFLUENCE_EVERY = 3  # tiles of a picture, of which one tells enough of how much errors weigh

LEAST_ERROR = 1e-10  # of a picture: 100 dB

PIXELS_PER_GAUSSIAN = 40
"""Small scenes have no detail that larger pictures would show."""


@dataclass(frozen=True, eq=False)
class Picture:
    """What a camera should see."""

    camera: Camera
    colour: Tensor  # [H, W, 3] half floats, on the device that draws
    background: Tensor  # [3]
    eps2d: float = EPS2D  # variance of the low-pass, square pixels
    weight: float = 1.0  # of its pixels: more than 1 in a picture that stands for a larger one

    def drawn(self, splats: Splats) -> Tensor:
        """[H, W, 3] what splats look like, drawn where the picture is."""
        return render(splats.to(self.colour.device), self.camera, background=self.background, eps2d=self.eps2d).colour

    def squares(self, splats: Splats) -> Tensor:
        """Sum of squared differences between what splats look like and what they should."""
        return mse_loss(self.drawn(splats), self.colour.float(), reduction="sum")


@dataclass(frozen=True, eq=False)
class Pictures:
    """The pictures of a fit, and those among them that it must not learn from but is judged by."""

    learnt: tuple[Picture, ...]
    judges: tuple[Picture, ...]
    seen: Influence  # in a mean picture, of each Gaussian of the scene that they were taken of
    photographed: bool = False  # whether there are photos among them

    @property
    def all(self) -> tuple[Picture, ...]:
        """Both lists."""
        return self.learnt + self.judges

    @property
    def exam(self) -> tuple[Picture, ...]:
        """What a fit is judged by: the pictures held out or, where there are too few for that, those it learns from."""
        return self.judges or self.learnt

    @property
    def short_exam(self) -> tuple[Picture, ...]:
        """A few of these, where a look is enough."""
        return self.exam[:: -(-len(self.exam) // DECIDING)]

    def influence(self, splats: Splats, every: int = INFLUENCE_EVERY, first: int = 0,
                  step: Callable[[], bool] = lambda: True) -> Influence:  # fmt: skip
        """What each Gaussian does to a mean picture, by one tile in so many, others in each picture.

        first: which of them. step: called after each picture; False ends the work.
        """
        total, count = np.zeros((2, len(splats))), 0
        for count, picture in enumerate(self.all, 1):
            part = Part(every, first + count)
            seen = influence(splats, picture.camera, picture.background, part, picture.eps2d)
            total += picture.weight * np.stack(seen)
            if not step():
                break
        return Influence(*(total / count))

    def of_other(self, splats: Splats, every: int = 1, step: Callable[[], bool] = lambda: True) -> Pictures:
        """The same, and what they show of another scene that should look like them; arguments as for `influence`."""
        return replace(self, seen=self.influence(splats, every, step=step))

    def error(self, splats: Splats, *, short: bool = False) -> float:
        """Mean squared error by the exam, or by a few of its pictures."""
        return mean_error(splats, self.short_exam if short else self.exam)


def mean_error(splats: Splats, pictures: Sequence[Picture]) -> float:
    """Mean squared error, of several pictures the geometric mean: that of their mean PSNR."""
    with torch.no_grad():
        errors = [float(picture.squares(splats)) / picture.colour.numel() for picture in pictures]
    return math.exp(float(np.mean(np.log(np.maximum(errors, LEAST_ERROR)))))


def spread(items: Sequence[T], count: int) -> list[T]:
    """At most so many of them, evenly spread."""
    chosen = sorted({round(x) for x in np.linspace(0, len(items) - 1, count)}) if items else []
    return [items[i] for i in chosen]


WHITE_EVERY = 3
"""Placed pictures are on black, but one of so many on white: a viewer may choose, and black does not tell what is dark
from what is not there."""

WIDE_SHARE = 0.4
"""Of placed pictures, so many from where people seldom stand: what none of them shows is the first to go, and a viewer
may stand there all the same (docs/design.md)."""

JUDGES = 8  # one picture of so many is a judge
DECIDING = 8  # judges, at most, where a look is enough


def take_pictures(
    gaussians: Gaussians,
    views: Views | None,
    count: int,
    every: int = 1,
    step: Callable[[], bool] = lambda: True,
    placed: Callable[[], None] = lambda: None,
    drawn: int = LARGEST[0],
    judged: int = LARGEST[0],
) -> Pictures | None:
    """At most `count` pictures of a scene; None where there is nothing to see.

    views: cameras of those to fit, their photos where they have them. Where they are fewer, or not given, renders from
    places of our own make up the number. every: tiles of a picture, of which one tells what it shows of each Gaussian.
    step: called after each picture; False ends the work. placed: called before the first, once its cameras stand.
    drawn, judged: pixels of the longer side of a render to learn from, and of one that judges, at most; it stands for a
    picture of 800 x 600 all the same.
    """
    size, shots = picture_size(len(gaussians)), list[_Shot]()
    if views is not None:
        shots = [_Shot(view, views.background) for view in spread(views.fit or views.test, count)]
    shots += _placed(gaussians, count - len(shots), size)
    placed()
    splats, total = Splats.in_own_axes(gaussians), np.zeros((2, len(gaussians)))
    learnt, judges, number = list[Picture](), list[Picture](), 0
    for number, shot in enumerate(shots, 1):
        into, most = (judges, judged) if number % JUDGES == 0 else (learnt, drawn)
        picture, seen = _take(splats, shot, max(size), most, Part(every, number))
        into.append(picture)
        total += picture.weight * np.stack(seen)
        if not step():
            break
    if not number:
        return None
    photographed = any(shot.view.photo is not None for shot in shots[:number])
    return Pictures(tuple(learnt), tuple(judges), Influence(*(total / number)), photographed)


@dataclass(frozen=True)
class _Shot:
    """A picture to take."""

    view: View
    background: tuple[float, float, float]


def _placed(gaussians: Gaussians, count: int, size: tuple[int, int]) -> list[_Shot]:
    """Views placed by ourselves, some of them wide and some on white; none where there is nothing to see."""
    wide = round(WIDE_SHARE * count)
    try:
        views = own_views(gaussians, fit=count - wide, test=0, wide=wide, size=size) if count else Views((), ())
    except (SceneError, CameraError):
        return []
    white = (1.0, 1.0, 1.0)
    on_white = (i % WHITE_EVERY == WHITE_EVERY - 1 for i in range(len(views.fit)))
    return [_Shot(view, white if w else views.background) for view, w in zip(views.fit, on_white, strict=True)]


def picture_size(gaussians: int) -> tuple[int, int]:
    """Width and height for a scene of so many Gaussians."""
    scale = min(1.0, math.sqrt(PIXELS_PER_GAUSSIAN * gaussians / math.prod(LARGEST)))
    return max(SMALLEST[0], round(scale * LARGEST[0])), max(SMALLEST[1], round(scale * LARGEST[1]))


def low_pass(large: Camera, small: Camera) -> float:
    """Variance of the low-pass, square pixels, for a picture that stands for a larger one: as wide as it is there, or
    what is thin would look thicker than in the larger one (docs/rendering.md)."""
    return max(EPS2D * (small.width / large.width) ** 2, NARROWEST)


def _take(splats: Splats, shot: _Shot, side: int, most: int, part: Part) -> tuple[Picture, Influence]:
    """A photo within `side` pixels, or a render within `most` where there is none, and what a part of it shows of the
    Gaussians."""
    view, background = shot.view, torch.tensor(shot.background, dtype=torch.float32)
    seen = large = view.camera.within(side, side)
    camera = seen.within(most, most)
    if view.photo is not None:
        large, camera = view.camera.within(TRAINED, TRAINED), seen
    eps2d = low_pass(large, camera)
    colour, shown = look(splats, camera, background, part, eps2d)
    if view.photo is not None:
        colour = torch.from_numpy(photos.load(View(view.name, camera, view.photo), shot.background))
    weight = (seen.width * seen.height) / (camera.width * camera.height)
    return Picture(camera, colour.clamp(0, 1).half().to(drawing_device()), background, eps2d, weight), shown
