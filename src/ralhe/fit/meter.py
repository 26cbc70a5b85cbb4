"""Progress of a fit in units of work, so that the time left can be told honestly."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ralhe.fit.work import ITERATION, picture_work, placing_work, retraining_work, taking_work, walk_work
from ralhe.progress import Progress


class Meter:
    """Counts work done against work planned and tells a listener; knows whether it was asked to stop."""

    def __init__(self, report: Callable[[Progress], None] | None, stop: threading.Event | None,
                 pixels: float = 1.0) -> None:  # fmt: skip
        """pixels: of pictures, as a share of 800 x 600."""
        self._report = report
        self._pixels = pixels
        self._stop = stop or threading.Event()
        self._lock = threading.Lock()
        self._done = 0.0
        self._total = 1.0
        self._phase = "prepare"
        self._bytes: int | None = None
        self.distortion: float | None = None
        self.later = 0.0  # work of fits to come

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def plan(self, total: float) -> None:
        """Work in all, from here on."""
        self._total = self._done + total + self.later

    def enter(self, phase: str) -> None:
        self._phase = phase
        self._tell()

    def walked(self, merges: int, channels: int, size: int) -> None:
        self._bytes = size
        self._add(walk_work(merges, channels))

    def trained(self) -> bool:
        """One iteration of a network more; False once asked to stop."""
        self._add(ITERATION)
        return not self.stopped

    def placed(self, pictures: int) -> None:
        """Cameras for so many pictures stand."""
        self._add(placing_work(pictures))

    def took(self, gaussians: int, every: int) -> bool:
        """One picture more is drawn, and one tile in so many looked through; False once asked to stop."""
        self._add(taking_work(gaussians, every, self._pixels))
        return not self.stopped

    def looked(self, gaussians: int, every: int) -> bool:
        """One tile in so many of one picture more; False once asked to stop."""
        self._add(picture_work(gaussians, every, self._pixels))
        return not self.stopped

    def retrained(self, gaussians: int, channels: int) -> bool:
        """One iteration of retraining more; False once asked to stop."""
        self._add(retraining_work(gaussians, channels, self._pixels))
        return not self.stopped

    def finish(self) -> None:
        self._done = self._total
        self._tell()

    def _add(self, work: float) -> None:
        with self._lock:
            self._done = min(self._done + work, self._total)
            self._tell()

    def _tell(self) -> None:
        if self._report:
            self._report(Progress(self._phase, round(self._done), round(self._total), self._bytes, self.distortion))
