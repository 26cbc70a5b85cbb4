"""Headers of requests and answers, where the framework's own ways are not enough."""

from __future__ import annotations

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_RANGE = r"(\d{1,18}-\d{0,18}|-\d{1,18})"
_RANGES = re.compile(rf"bytes\s*=\s*{_RANGE}(\s*,\s*{_RANGE})*\s*", re.IGNORECASE)


def _is_valid(asked: str) -> bool:
    """Whether a Range header names bytes, each range from its first to its last."""
    if not _RANGES.fullmatch(asked):
        return False
    return all(int(first) <= int(last) for first, last in re.findall(r"(\d+)-(\d+)", asked))


class ValidRanges:
    """Drops a Range header that cannot be understood, so that all is sent (RFC 9110, section 14.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            asked = Headers(scope=scope).get("range")
            if asked is not None and not _is_valid(asked):
                scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"range"]}
        await self._app(scope, receive, send)


class NoSniffing:
    """Has browsers take each answer for what its type says."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await self._app(scope, receive, marked)
