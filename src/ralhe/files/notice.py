"""What a reader or writer tells the user without stopping."""

from __future__ import annotations

import warnings


class SceneNotice(UserWarning):
    """A scene was read or written, but not all of it as it stood; the message says what differs."""


def notice(message: str) -> None:
    """Warn with SceneNotice; one line, the file's name first."""
    warnings.warn(message, SceneNotice, stacklevel=3)
