"""A real server in a thread, whose connections can be slow, break, or lie, and which remembers what it was asked."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import uvicorn


@dataclass
class Rule:
    """What happens to answers for one path."""

    bytes_a_second: float | None = None
    breaks_at: int | None = None  # the first answer breaks off after so many bytes
    ignores_range: bool = False


@dataclass
class Seen:
    """One request, and what became of it."""

    path: str
    range: str | None
    sent: int = 0  # bytes of the body
    ended: bool = False


class BrokenOffError(Exception):
    """Ends a connection in the middle of an answer."""


@dataclass
class Host:
    """Serves an ASGI application at `address` until `close`."""

    app: Any
    rules: dict[str, Rule] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}/"
        config = uvicorn.Config(self._ruled, log_level="critical", lifespan="off", interface="asgi3",
                                timeout_graceful_shutdown=1)  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops."""
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()

    def requests(self, path: str) -> list[Seen]:
        """What was asked of a path."""
        return [seen for seen in self.seen if seen.path == path]

    async def _ruled(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        seen = Seen(scope["path"], headers.get(b"range", b"").decode() or None)
        rule = self.rules.get(seen.path, Rule())
        breaks_at = rule.breaks_at if not self.requests(seen.path) else None
        self.seen.append(seen)
        if rule.ignores_range:
            scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"range"]}
        began = time.monotonic()

        async def paced(message: Any) -> None:
            body = message.get("body", b"")
            if message["type"] != "http.response.body" or not body:
                await send(message)
                return
            step = max(1, int(rule.bytes_a_second / 50)) if rule.bytes_a_second else len(body)
            for at in range(0, len(body), step):
                part = body[at : at + step]
                if breaks_at is not None and seen.sent + len(part) > breaks_at:
                    await send({**message, "body": part[: breaks_at - seen.sent], "more_body": True})
                    seen.sent = breaks_at
                    await asyncio.sleep(0.2)  # until what was sent has been read
                    raise BrokenOffError
                more = message.get("more_body", False) or at + step < len(body)
                await send({**message, "body": part, "more_body": more})
                seen.sent += len(part)
                if rule.bytes_a_second:
                    due = began + seen.sent / rule.bytes_a_second
                    await asyncio.sleep(max(0.0, due - time.monotonic()))

        await self.app(scope, receive, paced)
        seen.ended = True
