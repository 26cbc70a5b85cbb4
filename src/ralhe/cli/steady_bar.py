"""A progress bar for jobs with long steps that tell nothing while they last."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from ralhe.cli.progress_bar import ProgressBar
from ralhe.progress import Progress

BEAT = 0.25  # seconds


class SteadyBar(ProgressBar):
    """A ProgressBar that appears, and whose clock goes on, between two updates.

    On a terminal a thread of its own draws it, and nothing else does.
    """

    def __init__(self) -> None:
        super().__init__()
        self._latest: Progress | None = None
        self._drawn: Progress | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Self:
        if self._terminal:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._terminal:
            self._thread.join()
        super().__exit__(kind, error, trace)

    def update(self, progress: Progress) -> None:
        """Takes the latest state of the job."""
        self._mark(progress)
        self._latest = progress
        if not self._terminal:
            self._show(progress)

    def _beat(self) -> None:
        while not self._ended.wait(BEAT):
            if self._latest is not None:
                self._show(self._latest)

    def _draw(self, progress: Progress, note: str) -> None:
        if self._bar is not None and progress == self._drawn:
            self._bar.refresh()
        else:
            super()._draw(progress, note)
            self._drawn = progress
