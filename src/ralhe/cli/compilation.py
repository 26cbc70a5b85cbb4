"""A word on the seconds that compiling the kernels takes when they are first used."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm


@contextmanager
def compilation_told() -> Iterator[None]:
    """One line when numba begins to compile; none where every kernel comes from its cache."""
    from numba.core import event

    class Listener(event.Listener):
        told = False

        def on_start(self, _: event.Event) -> None:
            if not self.told:
                self.told = True
                # Unlike echo, this goes above a progress bar.
                tqdm.write("ralhe: compiling for this machine, once; that takes some seconds", file=sys.stderr)

        def on_end(self, _: event.Event) -> None:
            pass

    with event.install_listener("numba:compile", Listener()):
        yield
