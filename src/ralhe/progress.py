"""What a long job tells whoever watches it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """A moment of a long job: `done` of `total` units of work, so time left is elapsed * (total - done) / done."""

    phase: str
    done: int
    total: int
    bytes: int | None = None  # size of the stream as it stands
    distortion: float | None = None  # weighted squared error per Gaussian as it stands
