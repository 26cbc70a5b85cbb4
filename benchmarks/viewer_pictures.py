"""Draws docs/viewer.webp, the page with a scene, and docs/arriving.webp, the page while a scene arrives.

    python -m benchmarks.viewer_pictures mic.ralhe

Needs Chromium and playwright. The animation holds one picture a level, for as long as the line takes to the next.
"""

from __future__ import annotations

import io
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

import ralhe
from benchmarks.streaming import FLAGS, Line, chromium, serve
from ralhe.web.app import make_app
from ralhe.web.folder import Folder

DOCS = Path(__file__).parents[1] / "docs"
WINDOW, SMALL = {"width": 960, "height": 600}, {"width": 480, "height": 360}
MBIT = 1.0  # of the line that the animation pretends
END_MS = 3000


def picture(browser: Any, address: str, window: dict[str, int]) -> Image.Image:
    """The page when all is shown and the first view has come."""
    page = browser.new_page(viewport=window, reduced_motion="reduce")
    page.goto(address)
    page.wait_for_selector("html[data-state=over]", state="attached", timeout=120_000)
    page.wait_for_load_state("networkidle")
    page.evaluate("for (const id of ['message', 'arrived']) document.getElementById(id).hidden = true")
    page.wait_for_timeout(3000)
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    page.close()
    return shot


def main() -> None:
    stream = Path(sys.argv[1])
    ends = ralhe.info(stream.read_bytes()).level_ends
    address = serve(Line(make_app(Folder(stream.parent)), bits_a_second=1e9)) + f"~ralhe/?src=../{stream.name}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[f"--{flag}" for flag in FLAGS])
        picture(browser, address, WINDOW)  # has the first view found
        picture(browser, address, WINDOW).save(DOCS / "viewer.webp", quality=80, method=6)
        frames = [picture(browser, f"{address}&maxBytes={end}", SMALL) for _, end in ends]
        browser.close()
    arrivals = [8000 * end / (MBIT * 1e6) for _, end in ends]  # milliseconds
    lengths = [max(60, round(after - now)) for now, after in pairwise(arrivals)]
    frames[0].save(DOCS / "arriving.webp", save_all=True, append_images=frames[1:], duration=[*lengths, END_MS], loop=0,
                   quality=70, method=6)  # fmt: skip
    for name in ("viewer.webp", "arriving.webp"):
        print(name, (DOCS / name).stat().st_size)


if __name__ == "__main__":
    main()
