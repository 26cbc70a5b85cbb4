"""What an encode can be asked for; kept apart so that decoding need not import the fitting half."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict

from ralhe.progress import Progress

if TYPE_CHECKING:
    from ralhe.cameras import Views
    from ralhe.outcome import EncodeReport


class FitOptions(TypedDict, total=False):
    """Keywords of every encode."""

    preset: str  # "fast", "default" or "best"
    sh_degree: int | None  # cut the harmonics to this degree
    depth: int | None  # of the octree, 1 ... 21
    views: Views | None  # cameras to look through, with photos where they have them; placed ones join them
    progress: Callable[[Progress], None] | None
    stop: threading.Event | None  # when set, the fit ends and the best so far is coded


class LadderOptions(FitOptions, total=False):
    """Keywords of `ralhe.encode_ladder`."""

    finished: Callable[[int, EncodeReport], None] | None  # called with a size and its stream, the largest first


class EncodeOptions(FitOptions, total=False):
    """Keywords of `ralhe.encode`; `size` or `lmbda`, not both."""

    size: int | None  # bytes the stream may have; a megabyte if neither is given
    lmbda: float | None  # distortion worth one bit, instead of a size
