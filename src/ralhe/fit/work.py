"""What the parts of an encode take, in units of work, for the time left."""

from __future__ import annotations

from ralhe.fit.presets import Preset
from ralhe.prepare.attributes import channels_of

ITERATION = 3.0  # of a network: milliseconds on two cores, where only the ratios matter
WALK_PER_MILLION = 800.0  # channels of merges

SEARCHES, USUAL_WALKS = 3, 5  # for a size: what they mostly take
LEARN_EVERY, RELEARN_SHARE = 15, 0.2
"""Turns of rounding between trainings of the networks, and how long those are against the ones before."""


def walk_work(merges: int, channels: int) -> float:
    """Work of one walk."""
    return WALK_PER_MILLION * merges * (10 + 0.08 * (channels - 10)) * 1e-6 + 5.0


def placing_work(pictures: int) -> float:
    """Work of placing cameras for so many pictures, whatever the scene."""
    return 3000.0 + 22.0 * pictures


def picture_work(gaussians: int, every: int, pixels: float) -> float:
    """Work of drawing one tile in so many of a picture, and of looking through it. pixels: as a share of 800 x 600."""
    return 0.1e-3 * gaussians + (60.0 * pixels + 0.2e-3 * gaussians) / every


def taking_work(gaussians: int, every: int, pixels: float) -> float:
    """Work of one picture drawn whole, of which one tile in so many is looked through."""
    return 0.5 * (picture_work(gaussians, 1, pixels) + picture_work(gaussians, every, pixels))


def retraining_work(gaussians: int, channels: int, pixels: float) -> float:
    """Work of one iteration of retraining."""
    return 60.0 * pixels + gaussians * (0.4e-3 + 0.01e-3 * (channels - 10))


def fit_work(preset: Preset, leaves: int, sh_degree: int, walks: int, *, pictured: bool) -> float:
    """Work of a fit with so many walks, half a round of learning before its rounds."""
    channels = channels_of(sh_degree)
    learning = learning_work(preset, sh_degree) + ITERATION * preset.synthesis_iterations
    drawn = preset.retraining_iterations + preset.probes + preset.turns * preset.batch if pictured else 0
    relearning = preset.turns // LEARN_EVERY * RELEARN_SHARE * learning if pictured else 0.0
    walks += preset.turns if pictured else 0
    return (
        drawn * retraining_work(leaves, channels, preset.pixels)
        + (preset.rounds + 0.5) * learning
        + relearning
        + walks * walk_work(leaves, channels)
    )


def trial_work(preset: Preset, leaves: int, sh_degree: int) -> float:
    """Work of a warm-up and a trial, for presets that make some of every plan."""
    if not preset.thorough:
        return 0.0
    channels = channels_of(sh_degree)
    drawn = preset.trial_iterations + preset.pictures // 4  # exams, and what each Gaussian does to pictures
    return (
        drawn * retraining_work(leaves, channels, preset.pixels)
        + 0.5 * learning_work(preset, sh_degree)
        + (SEARCHES - 1) * USUAL_WALKS * walk_work(leaves, channels)
    )


def learning_work(preset: Preset, sh_degree: int) -> float:
    """Work of a round of the entropy networks."""
    return ITERATION * (preset.base_iterations + (preset.harmonic_iterations if sh_degree else 0))
