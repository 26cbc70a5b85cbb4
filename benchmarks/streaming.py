"""Times what a browser shows of streams that arrive at the speed of a line: benchmarks/results/streaming.tsv.

    python benchmarks/streaming.py scene-250kB.ralhe scene-1MB.ralhe

Needs Chromium and playwright. The page draws with software GL where there is no GPU, on the cores that decode: the
numbers are upper bounds. Times count from the first byte that the server sends; the last one is that of the server too,
since a page that is drawing hears of its bytes late.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import os
import shutil
import socket
import threading
import time
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import sync_playwright

import ralhe
from benchmarks.sweep import commit
from ralhe.web.app import make_app
from ralhe.web.folder import Folder

RESULTS = Path(__file__).parent / "results" / "streaming.tsv"
FIELDS = ("scene", "bytes", "gaussians", "sh_degree", "mbit_s", "first_s", "first_bytes", "first_share", "levels_shown",
          "last_byte_s", "full_s", "after_last_byte_s", "decode_ms", "window", "gl", "commit", "cores")  # fmt: skip
WINDOW = {"width": 800, "height": 600}
FLAGS = ("no-sandbox", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update",
         "disable-sync", "use-gl=angle", "use-angle=swiftshader", "enable-unsafe-swiftshader",
         "ignore-gpu-blocklist")  # fmt: skip
PACE = 0.02  # seconds between two pieces
MARKS = """performance.getEntriesByType("mark")
  .map((mark) => ({ name: mark.name, at: (performance.timeOrigin + mark.startTime) / 1000,
                    bytes: mark.detail?.bytes ?? null }))"""


class Line:
    """An application behind a line of so many bits a second, which streams alone have to take."""

    def __init__(self, app: Any, bits_a_second: float) -> None:
        self._app = app
        self.bits_a_second = bits_a_second
        self.first_byte = self.last_byte = 0.0  # of the latest stream, seconds of the clock

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if not scope["path"].endswith(".ralhe"):
            await self._app(scope, receive, send)
            return
        speed, began, sent = self.bits_a_second / 8, time.monotonic(), 0
        step = max(1, int(speed * PACE))

        async def paced(message: Any) -> None:
            nonlocal sent
            body = message.get("body", b"")
            for at in range(0, len(body), step):
                part = body[at : at + step]
                sent += len(part)
                await asyncio.sleep(max(0.0, began + sent / speed - time.monotonic()))
                more = message.get("more_body", False) or at + step < len(body)
                self.first_byte = self.first_byte if sent > len(part) else time.time()
                self.last_byte = time.time()
                await send({**message, "body": part, "more_body": more})
            if not body:
                await send(message)

        await self._app(scope, receive, paced)


def chromium() -> str | None:
    """The browser of this machine; None for the one that Playwright brings."""
    return shutil.which("chromium") or shutil.which("google-chrome")


def serve(app: Any) -> str:
    """Serves on loopback until the program ends; the address."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="critical", lifespan="off", interface="asgi3")
    threading.Thread(target=uvicorn.Server(config).run, kwargs={"sockets": [listening]}, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}/"


def measure(browser: Any, line: Line, address: str, name: str) -> dict[str, Any]:
    """Times of one run, in seconds from the first byte."""
    page = browser.new_page(viewport=WINDOW)
    page.goto(f"{address}~ralhe/?src=../{name}")
    page.wait_for_selector("html[data-state=over]", state="attached", timeout=120_000)
    marks = {mark["name"]: mark for mark in page.evaluate(MARKS)}
    told = page.locator("#time").text_content()
    page.close()
    start, last_byte = line.first_byte, line.last_byte
    shown = sorted((m for m in marks.values() if m["name"].endswith("-shown")), key=lambda mark: mark["at"])
    full = shown[-1]["at"]
    return {
        "first_s": f"{shown[0]['at'] - start:.2f}",
        "first_bytes": shown[0]["bytes"],
        "levels_shown": len(shown),
        "last_byte_s": f"{last_byte - start:.2f}",
        "full_s": f"{full - start:.2f}",
        "after_last_byte_s": f"{full - last_byte:.2f}",
        "decode_ms": "".join(filter(str.isdigit, told)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("streams", type=Path, nargs="+", help="of one folder")
    parser.add_argument("--speeds", type=float, nargs="+", default=[1, 10], help="Mbit/s")
    arguments = parser.parse_args()
    folder = arguments.streams[0].parent
    line = Line(make_app(Folder(folder)), bits_a_second=1e6)
    address = serve(line)
    common = {"window": "{width}x{height}".format(**WINDOW), "gl": "SwiftShader", "commit": commit(),
              "cores": os.cpu_count()}  # fmt: skip
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[f"--{flag}" for flag in FLAGS])
        for stream in arguments.streams:
            info = ralhe.info(stream.read_bytes())
            for speed in arguments.speeds:
                line.bits_a_second = speed * 1e6
                found = measure(browser, line, address, stream.name)
                share = f"{found['first_bytes'] / info.size:.3f}"
                row = {"scene": stream.stem, "bytes": info.size, "gaussians": info.leaves, "mbit_s": f"{speed:g}",
                       "sh_degree": info.sh_degree, "first_share": share, **found, **common}  # fmt: skip
                rows.append(row)
                print(*(f"{name}={row[name]}" for name in FIELDS[:13]))
        browser.close()
    with RESULTS.open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
