"""Runs the application until Ctrl-C."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

LOOPBACK = "127.0.0.1"
PATIENCE = 1  # seconds that open connections are given at the end


def run(app: Starlette, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serves until Ctrl-C, which ends it without an error. port 0: a free one.

    ready is called with the server's address once it answers. Raises OSError where the port cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listening:
        name = f"[{host}]" if family == socket.AF_INET6 else host
        address = f"http://{name}:{listening.getsockname()[1]}/"
        config = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=PATIENCE,
                                server_header=False)  # fmt: skip
        server = _Announced(config, lambda: ready(address))
        try:
            server.run(sockets=[listening])
        except KeyboardInterrupt:  # uvicorn has shut down and passes the signal on
            return


class _Announced(uvicorn.Server):
    """A server that tells when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts, then tells."""
        await super().startup(sockets)
        if self.started:
            self._ready()
