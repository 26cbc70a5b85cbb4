"""A file that exists under its name only when it is whole."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A stream to a temporary name in the folder of `path`, renamed to `path` when the block succeeds.

    Any exception, KeyboardInterrupt included, removes the temporary file and leaves `path` as it was.
    A link is followed, so the file that it points to is the one replaced.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".ralhe-{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as stream:
            yield stream
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
