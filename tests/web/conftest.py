"""Pages of the viewer in a real browser, against a real server."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest

from ralhe.web.app import make_app
from ralhe.web.folder import Folder
from tests.web.hosting import Host
from tests.web.looking import GOLDEN

PATIENCE = 30_000  # milliseconds


class Open:
    """A page of the viewer in a window of its own; at the end of the test nothing may have gone wrong or out."""

    def __init__(self, browser: Any, address: str) -> None:
        self._browser, self._address = browser, address
        self._contexts: list[Any] = []
        self.faults: list[str] = []

    def __call__(self, path: str, width: int = 480, height: int = 400, **options: Any) -> Any:
        context = self._browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(PATIENCE)
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self.faults.append(message.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda request: self._check(request.url))
        page.goto(path if ":" in path.split("/")[0] else self._address + path)
        return page

    def _check(self, url: str) -> None:
        if not url.startswith((self._address, "data:", "blob:", "file:", "about:")):
            self.faults.append(f"asks another host: {url}")

    def close(self) -> None:
        """Shuts all windows."""
        for context in self._contexts:
            context.close()


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """The folder that is served."""
    made = tmp_path / "scenes"
    made.mkdir()
    return made


@pytest.fixture
def stream(scenes: Path) -> bytes:
    """Three thousand leaves over seven levels, served as scene.ralhe."""
    data = (GOLDEN / "sh0.ralhe").read_bytes()
    (scenes / "scene.ralhe").write_bytes(data)
    return data


@pytest.fixture
def host(scenes: Path) -> Iterator[Host]:
    """Serves the folder."""
    serving = Host(make_app(Folder(scenes)))
    yield serving
    serving.close()


@pytest.fixture
def open_page(browser: Any, host: Host) -> Iterator[Open]:
    """Opens pages of the host."""
    opened = Open(browser, host.address)
    yield opened
    opened.close()
    assert opened.faults == []


def settled(page: Any) -> npt.NDArray[np.float64]:
    """[H, W, 3] what the canvas shows, 0 to 255, once two looks at it are alike."""
    before = _canvas(page)
    for _ in range(20):
        page.wait_for_timeout(100)
        now = _canvas(page)
        if before.shape == now.shape and (before == now).all():
            return now
        before = now
    raise AssertionError("the picture does not come to rest")


def _canvas(page: Any) -> npt.NDArray[np.float64]:
    shot = PIL.Image.open(io.BytesIO(page.locator("canvas").screenshot())).convert("RGB")
    return np.asarray(shot, np.float64)


@pytest.fixture(scope="session")
def picture_of() -> Callable[[Any], npt.NDArray[np.float64]]:
    """`settled`, reachable from every test module."""
    return settled
