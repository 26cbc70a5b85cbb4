"""A long job on a terminal: one bar with the time left, or now and then a line where nobody watches."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType
from typing import Self

from tqdm import tqdm

from ralhe.progress import Progress
from ralhe.sizes import format_size

SILENT_SECONDS = 2.0
LINE_SECONDS = 15.0
USUAL_SCREEN = 80, 24


class ProgressBar:
    """Shows Progress on standard error once a job takes longer than two seconds; time left counts from the last 0."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._bar: tqdm | None = None
        self._ahead = 0.0  # of tqdm's clock before ours, seconds
        self._began = self._since = self._said = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def update(self, progress: Progress) -> None:
        """Takes the latest state of the job."""
        self._mark(progress)
        self._show(progress)

    def _mark(self, progress: Progress) -> None:
        if progress.done == 0:
            self._since = time.monotonic()

    def _show(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._began < SILENT_SECONDS:
            return
        notes = [format_size(progress.bytes)] if progress.bytes else []
        notes += [f"distortion {progress.distortion:.4f}"] if progress.distortion is not None else []
        if self._terminal:
            self._draw(progress, ", ".join(notes))
        elif now - self._said >= LINE_SECONDS:
            self._said = now
            left = (now - self._since) * (progress.total - progress.done) / max(progress.done, 1)
            share = f"{progress.phase}: {100 * progress.done // max(progress.total, 1)}%"
            told = [f"about {left:.0f} s left"] if progress.done else []
            print(", ".join([share, *told, *notes]), file=sys.stderr, flush=True)

    def say(self, line: str) -> None:
        """Prints a line on standard output, above the bar; whether anybody reads it is no matter of the job."""
        try:
            tqdm.write(line, file=sys.stdout)
            sys.stdout.flush()
        except BrokenPipeError:  # what is printed from here on, and at the end, goes nowhere
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _draw(self, progress: Progress, note: str) -> None:
        if self._bar is None:
            layout = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining} {postfix}"
            columns, rows = _screen()
            self._bar = tqdm(total=progress.total, bar_format=layout, file=sys.stderr, leave=False, ncols=columns,
                             nrows=rows, smoothing=0, miniters=1)  # fmt: skip
            self._ahead = self._bar.start_t - time.monotonic()
        self._bar.total, self._bar.start_t = progress.total, self._since + self._ahead
        self._bar.set_description_str(progress.phase, refresh=False)
        self._bar.set_postfix_str(note, refresh=False)
        self._bar.update(progress.done - self._bar.n)


def _screen() -> tuple[int, int] | tuple[None, None]:
    """Columns and rows where a terminal says that it has none; otherwise tqdm finds them out."""
    try:
        return (None, None) if all(os.get_terminal_size(sys.stderr.fileno())) else USUAL_SCREEN
    except OSError:
        return None, None
