"""Every way to move and to read the page: mouse, keys, fingers, windows of any size, screen readers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.web.looking import BLACK, PAGE, over


def moves(page: Any) -> dict[str, Any]:
    """Ways to move, by mouse and by key."""
    canvas = page.locator("canvas")
    box = canvas.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag(button: str = "left") -> None:
        page.mouse.move(x, y)
        page.mouse.down(button=button)
        page.mouse.move(x + 60, y + 30, steps=4)
        page.mouse.up(button=button)

    def wheel() -> None:
        page.mouse.move(x, y)
        page.mouse.wheel(0, 300)

    keys = {key: lambda key=key: canvas.press(key, delay=250) for key in ("ArrowLeft", "w", "d")}
    return {"drag": drag, "right drag": lambda: drag("right"), "wheel": wheel, **keys}


@pytest.mark.parametrize("mode", ["Orbit", "Fly"])
def test_every_way_to_move_moves_and_reset_leads_back(
    open_page: Any, host: Any, stream: bytes, picture_of: Any, mode: str
) -> None:
    page = open_page(PAGE + BLACK + "&camera=256,256,-900,257,256,256", 300, 260, reduced_motion="reduce")
    over(page)
    if mode == "Fly":
        page.get_by_role("button", name="Orbit").click()
    assert page.locator("#mode").inner_text() == mode
    first = picture_of(page)
    for name, move in moves(page).items():
        move()
        assert np.abs(picture_of(page) - first).mean() > 0.3, name
        page.get_by_role("button", name="Reset").click()
        assert np.abs(picture_of(page) - first).mean() < 0.05, name


def test_fingers_turn_and_pinch(open_page: Any, stream: bytes, picture_of: Any) -> None:
    page = open_page(PAGE + BLACK + "&camera=256,256,-1500,256,256,256", 375, 667, has_touch=True, is_mobile=True)
    over(page)
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def covered() -> float:
        return float((picture_of(page).max(axis=2) > 8).mean())

    first = picture_of(page)
    send("touchStart", (180, 250))
    send("touchMove", (240, 270))
    send("touchEnd")
    turned = picture_of(page)
    assert np.abs(turned - first).mean() > 0.3
    before = covered()
    send("touchStart", (140, 250), (240, 250))
    for apart in (55, 60, 65):
        send("touchMove", (190 - apart, 250), (190 + apart, 250))
    send("touchEnd")
    assert covered() > 1.1 * before


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (375, 667)])
def test_fits_the_window_and_follows_it(open_page: Any, stream: bytes, width: int, height: int) -> None:
    page = open_page(PAGE, width, height)
    over(page)
    for wide, high in ((width, height), (height, width)):
        page.set_viewport_size({"width": wide, "height": high})
        page.wait_for_function("(w) => document.querySelector('canvas').width === w", arg=wide)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth && scrollY === 0")
        canvas, bar = page.locator("canvas").bounding_box(), page.locator("footer").bounding_box()
        assert canvas["height"] + bar["height"] == pytest.approx(high, abs=1)
        assert page.locator("#help").is_visible()
        buttons = [button.bounding_box() for button in page.locator("#buttons button").all()]
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= wide for box in buttons)


def test_everything_has_a_name_and_a_key(open_page: Any, stream: bytes) -> None:
    page = open_page(PAGE)
    over(page)
    assert page.get_by_role("img", name="The scene. Arrow keys turn").count() == 1
    order = []
    for _ in range(6):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.id"))
    assert order == ["scene", "mode", "reset", "up", "open", "help"]
    page.keyboard.press("Enter")
    assert page.get_by_role("dialog", name="Keys and gestures").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()
    assert "Gaussians shown" in page.get_by_role("status").text_content()
