"""What the tests of the page have in common: its address, and what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parents[1] / "golden"
PAGE = "~ralhe/?src=../scene.ralhe"
BLACK = "&background=black"
OVER = "html[data-state=over]"


def over(page: Any) -> str | None:
    """The level shown when the stream has ended."""
    page.wait_for_selector(OVER, state="attached")
    level: str | None = page.locator("html").get_attribute("data-level")
    return level


def text(page: Any, name: str) -> str:
    """What an element of that id says."""
    said: str = page.locator(f"#{name}").text_content()
    return said
