"""The report as a reader meets it: opened from disk in a real browser."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import PIL.Image
import pytest

from ralhe.comparison.quality import Comparison
from ralhe.comparison.report import write_report

MakeComparison = Callable[..., Comparison]
OpenPage = Callable[..., Any]

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[OpenPage]:
    """Opens the report of a comparison; at the end of the test, nothing may have gone wrong or out."""
    contexts: list[Any] = []
    faults: list[str] = []

    def check(url: str) -> None:
        if not url.startswith(("file:", "data:")):
            faults.append(url)

    def opened(comparison: Comparison, viewport: dict[str, int] = DESKTOP, **options: Any) -> Any:
        path = tmp_path / "report.html"
        write_report(path, comparison)
        contexts.append(browser.new_context(viewport=viewport, **options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: check(request.url))
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def stage_box(page: Any) -> dict[str, float]:
    """Where the pictures are on the screen, once they are on it."""
    page.locator(".stage").scroll_into_view_if_needed()
    box: dict[str, float] = page.locator(".stage").bounding_box()
    return box


def colour(page: Any, x: float, y: float = 0.5) -> tuple[int, ...]:
    """RGB on the screen at a place of the stage, in parts of its width and height."""
    box = stage_box(page)
    clip = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"], "width": 1, "height": 1}
    pixel = PIL.Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB").getpixel((0, 0))
    assert isinstance(pixel, tuple)
    return pixel


def side(page: Any, x: float) -> str:
    """Which picture is seen there: the original is red, the decoded blue, the photo green."""
    return ("original", "photo", "decoded")[max(range(3), key=colour(page, x).__getitem__)]


def shown(page: Any) -> str:
    """Name of the view on display."""
    name: str = page.locator(".caption .name").inner_text()
    return name


def choose(page: Any, name: str, value: str | int) -> None:
    page.locator(f"label:has([name='{name}'][value='{value}'])").click()


def table(page: Any) -> Any:
    return page.locator(".tables [data-scene]:visible tbody")


def width_in_excess(page: Any) -> int:
    excess: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return excess


def test_opens_on_the_worst_view_with_original_left_and_decoded_right(
    open_page: OpenPage, two_streams: Comparison
) -> None:
    page = open_page(two_streams)
    assert shown(page) == "mid"
    assert table(page).locator("tr").first.get_attribute("aria-current") == "true"
    assert (side(page, 0.1), side(page, 0.4), side(page, 0.6), side(page, 0.9)) == ("original",) * 2 + ("decoded",) * 2


def test_mouse_drags_the_slider_from_anywhere(open_page: OpenPage, two_streams: Comparison) -> None:
    page = open_page(two_streams)
    box = stage_box(page)
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 20)
    page.mouse.down()
    assert (side(page, 0.25), side(page, 0.35)) == ("original", "decoded")
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 200)
    assert (side(page, 0.75), side(page, 0.85)) == ("original", "decoded")
    page.mouse.up()
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 20)
    assert side(page, 0.75) == "original"
    assert page.locator(".slider").input_value() == "80"


def test_finger_drags_the_slider(open_page: OpenPage, two_streams: Comparison) -> None:
    page = open_page(two_streams, PHONE, has_touch=True, is_mobile=True)
    box = stage_box(page)
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *places: float) -> None:
        points = [{"x": box["x"] + x * box["width"], "y": box["y"] + 0.5 * box["height"]} for x in places]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", 0.5)
    for x in (0.45, 0.4, 0.3, 0.2):
        send("touchMove", x)
    send("touchEnd")
    assert (side(page, 0.1), side(page, 0.3)) == ("original", "decoded")


def test_keys_move_the_slider(open_page: OpenPage, two_streams: Comparison) -> None:
    page = open_page(two_streams)
    slider = page.get_by_role("slider", name="original")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert slider.input_value() == "51"
    page.keyboard.press("End")
    assert side(page, 0.95) == "original"
    page.keyboard.press("Home")
    assert side(page, 0.05) == "decoded"


def test_a_row_shows_its_view(open_page: OpenPage, two_streams: Comparison) -> None:
    page = open_page(two_streams)
    before = page.locator(".error img").get_attribute("src")
    table(page).locator("tr", has_text="near").locator("td").first.click()
    assert shown(page) == "near"
    assert "PSNR 36.00 dB" in page.locator(".caption").inner_text()
    assert page.locator("tr[aria-current]:visible").count() == 1
    page.keyboard.press("Tab")
    table(page).get_by_role("button", name="mid").click()
    assert page.locator(".error img").get_attribute("src") == before
    page.keyboard.press("ArrowDown")
    assert shown(page) == "far"


def test_another_file_keeps_the_view(open_page: OpenPage, two_streams: Comparison) -> None:
    page = open_page(two_streams)
    choose(page, "scene", 1)
    assert shown(page) == "mid"
    assert "PSNR 38.00 dB" in page.locator(".caption").inner_text()
    assert table(page).locator("tr").first.locator("button").inner_text() == "mid"
    choose(page, "scene", 2)
    assert table(page).locator("tr").first.locator("button").inner_text() == "far"
    assert shown(page) == "mid"


def test_the_photo_takes_the_left(open_page: OpenPage, two_streams: Comparison) -> None:
    page = open_page(two_streams)
    choose(page, "left", "photo")
    assert (side(page, 0.2), side(page, 0.8)) == ("photo", "decoded")
    assert page.locator(".left figcaption").inner_text() == "photo"
    assert page.get_by_role("slider", name="photo").count() == 1


def test_side_by_side_shows_three_pictures_and_the_scale_of_the_error(
    open_page: OpenPage, two_streams: Comparison
) -> None:
    page = open_page(two_streams)
    assert not page.locator(".scale").is_visible()
    choose(page, "mode", "side")
    boxes = [page.locator(f".{name} img").bounding_box() for name in ("left", "decoded", "error")]
    assert len({box["y"] for box in boxes}) == 1
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"] and boxes[1]["x"] + boxes[1]["width"] <= boxes[2]["x"]
    assert (side(page, 0.15), side(page, 0.5)) == ("original", "decoded")
    assert min(colour(page, 0.85)) > 250
    assert "32/255" in page.locator(".scale").inner_text()


def test_only_pictures_on_display_are_in_the_page(open_page: OpenPage, two_streams: Comparison) -> None:
    page = open_page(two_streams)
    assert page.locator(".stage img").count() == 3
    sources = page.evaluate("[...document.images].map((image) => image.src.length)")
    assert len(sources) == 3 + 1 + 9  # on stage, the scale, a thumbnail per row


@pytest.mark.parametrize("width", [320, 390, 700, 1000, 1440])
@pytest.mark.parametrize("mode", ["slider", "side"])
def test_no_width_scrolls_sideways(open_page: OpenPage, two_streams: Comparison, width: int, mode: str) -> None:
    page = open_page(two_streams, {"width": width, "height": 800})
    choose(page, "mode", mode)
    assert width_in_excess(page) <= 0
    stage = page.locator(".stage").bounding_box()
    assert stage["x"] >= 0 and stage["x"] + stage["width"] <= width


def test_hostile_names_are_inert_and_fit_a_phone(open_page: OpenPage, make_comparison: MakeComparison) -> None:
    names = [
        "<script>document.title = 'owned'</script>",
        "<img src=x onerror=\"document.title='owned'\">",
        "'\"><svg onload=alert(1)>" + "long" * 60,
        "\u202egnp.ralhe\u8272 \U0001f3a8 é",
        "</script><!--",
    ]
    made = make_comparison(
        {f"{i}{name.replace('/', '')}.ralhe": dict.fromkeys(names, 30.0) for i, name in enumerate(names)},
        reference="<h1>\"'&amp;" + "x" * 200,
    )
    page = open_page(made, PHONE)
    assert "owned" not in page.title()
    assert page.locator("script").count() == 2
    assert page.locator("img[onerror], svg[onload]").count() == 0
    for name in names:
        table(page).get_by_role("button", name=name, exact=True).click()
        assert page.locator(".caption .name").text_content() == name
    assert page.locator("h1").text_content() == made.reference.path.name
    assert width_in_excess(page) <= 0


@pytest.mark.parametrize("shape", [(1, 1), (40, 160), (400, 30)])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE])
def test_any_shape_of_picture_fits_the_screen(
    open_page: OpenPage, make_comparison: MakeComparison, shape: tuple[int, int], viewport: dict[str, int]
) -> None:
    page = open_page(make_comparison({"a.ralhe": {"only": 30.0}}, shape=shape), viewport)
    box = page.locator(".stage").bounding_box()
    assert box["width"] / box["height"] == pytest.approx(shape[0] / shape[1], rel=0.05)
    assert box["width"] > 100 and box["height"] <= viewport["height"]
    assert (side(page, 0.2), side(page, 0.8)) == ("original", "decoded")


def test_without_script_the_tables_and_the_first_pictures_are_there(
    open_page: OpenPage, two_streams: Comparison
) -> None:
    page = open_page(two_streams, java_script_enabled=False)
    assert page.locator(".stage img:visible").count() == 3
    assert page.locator(".tables table:visible").count() == 3
    assert not page.locator(".controls").is_visible()
    assert (side(page, 0.15), side(page, 0.5)) == ("original", "decoded")


def test_points_of_the_plot_tell_their_file(open_page: OpenPage, two_streams: Comparison) -> None:
    page = open_page(two_streams)
    titles = page.locator(".plot circle title").evaluate_all("(titles) => titles.map((title) => title.textContent)")
    assert titles == ["small.ralhe: 250 kB, 33.00 dB", "large.ralhe: 500 kB, 59.67 dB", "scene.spz: 1.75 MB, 50.00 dB"]
    assert page.get_by_role("img", name="PSNR against size").count() == 1


def test_dark_where_the_reader_prefers_it(open_page: OpenPage, two_streams: Comparison) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light = open_page(two_streams, color_scheme="light").evaluate(background)
    dark = open_page(two_streams, color_scheme="dark").evaluate(background)
    assert light == "rgb(255, 255, 255)" and max(map(int, dark[4:-1].split(","))) < 60
