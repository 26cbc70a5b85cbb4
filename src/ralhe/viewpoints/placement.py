"""From a scene to views of it."""

from __future__ import annotations

from typing import get_args

import numpy as np

from ralhe.arguments import refuse_no_pixels, whole
from ralhe.cameras.views import View, Views
from ralhe.coordinates import in_ply_axes
from ralhe.errors import CameraError
from ralhe.gaussians import Gaussians
from ralhe.viewpoints.capture import Capture
from ralhe.viewpoints.choice import around, better, covering, far_apart
from ralhe.viewpoints.inside import wander
from ralhe.viewpoints.kind import Kind, kind_of
from ralhe.viewpoints.lens import Lens
from ralhe.viewpoints.matter import Matter
from ralhe.viewpoints.orbit import orbit
from ralhe.viewpoints.probe import Probe
from ralhe.viewpoints.shot import Shot
from ralhe.viewpoints.stage import Stage
from ralhe.viewpoints.upright import upright

FIT, TEST, WIDE = 0, 1, 2
"""Streams of random numbers: no fit, whatever it asks for, is given a view that another call judges by."""

# Trials beyond the views that are asked for, and the share of all trials that may become views.
AROUND, AROUND_KEPT = 16, 0.8
INSIDE, INSIDE_KEPT, WIDE_KEPT = 100, 0.4, 0.8
REACHES = {"interior": (1.0, 3.0), "unbounded": (3.0, 18.0)}  # of usual and of wide views, radii of the capture


def place_views(
    gaussians: Gaussians,
    *,
    fit: int = 32,
    test: int = 12,
    wide: int = 0,
    seed: int = 0,
    kind: Kind | None = None,
    size: tuple[int, int] = (800, 600),
) -> Views:
    """Views of a scene that came without cameras, on black: such as a person would photograph. Like those of a file
    they are in the axes of a trained .ply, to which a scene in others is turned.

    An object is seen from all around and above, an interior and an unbounded capture from where its cameras seem to
    have stood. Views of both lists are alike; another `seed` places others. wide: so many more views join those to fit
    that few people would take, an object from below, a room from its corners. A list depends on its own count alone, so
    that none of the test views of one call is among the fit views of another. kind: what the scene is, where its
    guess is wrong. size: width and height in pixels. The same arguments give the same views, up to rounding. Needs
    the `render` extra. Raises SceneError for a scene without a finite Gaussian, CameraError where the numbers make
    no views.

        Gaussians -> Matter -> Capture -> kind -> upright -> Stage -> trials (orbit or wander) -> choice -> Views
    """
    return own_views(in_ply_axes(gaussians), fit=fit, test=test, wide=wide, seed=seed, kind=kind, size=size)


def own_views(
    gaussians: Gaussians,
    *,
    fit: int,
    test: int,
    wide: int = 0,
    seed: int = 0,
    kind: Kind | None = None,
    size: tuple[int, int],
) -> Views:
    """The same in the scene's own axes."""
    numbers = {"fit": fit, "test": test, "wide": wide, "seed": seed}
    fit, test, wide, seed = (whole(name, number, CameraError) for name, number in numbers.items())
    if min(fit, test, wide, seed) < 0:
        raise CameraError(f"no views of fit {fit}, test {test}, wide {wide}, seed {seed}: each begins at 0")
    kind, capture, stage = staged(gaussians, kind, size)
    learnt = shots(stage, capture, kind, fit, np.random.default_rng((seed, FIT)))
    unusual = shots(stage, capture, kind, wide, np.random.default_rng((seed, WIDE)), wide=True)
    judges = shots(stage, capture, kind, test, np.random.default_rng((seed, TEST)))
    return Views(named(stage, "fit", learnt) + named(stage, "wide", unusual), named(stage, "test", judges))


def shots(stage: Stage, capture: Capture, kind: Kind, count: int, random: np.random.Generator,
          wide: bool = False) -> list[Shot]:  # fmt: skip
    """`count` shots of a scene, in the order of the directions in which they look."""
    if not count:
        return []
    if kind == "object":
        return around(far_apart(better(orbit(stage, count + AROUND, random, wide), AROUND_KEPT, count), count))
    trials = wander(stage, capture, REACHES[kind][wide], count + INSIDE, random, wide)
    return around(covering(better(trials, WIDE_KEPT if wide else INSIDE_KEPT, count), count, stage.matter))


def staged(gaussians: Gaussians, kind: Kind | None, size: tuple[int, int]) -> tuple[Kind, Capture, Stage]:
    """What a scene is, where one stands inside it, and the scene made upright. Raises CameraError for a kind that there
    is none of, and for a picture without a pixel."""
    if kind is not None and kind not in get_args(Kind):
        raise CameraError(f"kind is {kind!r}, expected one of {', '.join(get_args(Kind))}")
    refuse_no_pixels(size)
    matter = Matter.of(gaussians)
    probe = Probe.of(matter)
    capture = Capture.of(matter, probe)
    kind = kind or kind_of(matter, probe, capture)
    axes = upright(matter, probe, gaussians.coordinates, None if kind == "object" else capture)
    return kind, capture, Stage(matter.turned(axes), probe, axes, Lens(*size))


def named(stage: Stage, word: str, shots: list[Shot]) -> tuple[View, ...]:
    """The views of shots: word_00, word_01 and so on."""
    return tuple(View(f"{word}_{i:02}", stage.camera(shot)) for i, shot in enumerate(shots))
