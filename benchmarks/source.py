"""Scenes as an encode of ralhe sees them before it drops any Gaussian."""

from __future__ import annotations

from ralhe.fit.pictures import take_pictures
from ralhe.fit.presets import PRESETS
from ralhe.fit.source import Source
from ralhe.gaussians import Gaussians
from ralhe.prepare import clean

PICTURES = PRESETS["fast"].pictures


def look(gaussians: Gaussians) -> Source:
    """The scene, cleaned, with its pictures. Raises ValueError where there is nothing to see."""
    cleaned = clean(gaussians).gaussians
    pictures = take_pictures(cleaned, None, PICTURES)
    if pictures is None:
        raise ValueError("the scene shows nothing")
    return Source.of(gaussians, cleaned, pictures)
