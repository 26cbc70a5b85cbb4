"""The page as a person meets it: what arrives is shown, mishaps are told, and every way to move moves."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ralhe
from ralhe.coordinates import in_ply_axes
from tests.scenes import surface_codes
from tests.streams import channels_of, make_stream
from tests.web.hosting import Rule
from tests.web.looking import BLACK, GOLDEN, PAGE, over, text

torch = pytest.importorskip("torch", reason="the page is compared with pictures that torch draws")

LIKE = 40.0  # dB between the page and ralhe.render: 44 and more here, 53 to 56 on trained scenes


def marks(page: Any) -> dict[str, float]:
    """When things happened, milliseconds."""
    found: dict[str, float] = page.evaluate(
        "Object.fromEntries(performance.getEntriesByType('mark').map((mark) => [mark.name, mark.startTime]))"
    )
    return found


def test_levels_are_shown_as_they_arrive(open_page: Any, host: Any, stream: bytes) -> None:
    host.rules["/scene.ralhe"] = Rule(bytes_a_second=len(stream) / 3)
    page = open_page(PAGE)
    page.wait_for_selector("html[data-level]", state="attached")
    assert page.locator("html").get_attribute("data-state") == "playing"
    assert page.get_by_role("progressbar", name="Bytes arrived").is_visible()
    assert over(page) == "9"
    times = marks(page)
    shown = [times[name] for name in sorted(times) if name.endswith("-shown")]
    assert len(shown) >= 4 and shown == sorted(shown)
    assert shown[0] < times["ralhe:last-byte"] < shown[-1]
    assert text(page, "level") == "level 9 of 9"
    assert text(page, "count") == f"{ralhe.info(stream).leaves:,} Gaussians"
    assert text(page, "bytes") == f"{len(stream) / 1000:.1f} kB of {len(stream) / 1000:.1f} kB"
    assert text(page, "time").startswith("decoded in ")
    assert not page.locator("#message").is_visible() and not page.locator("progress").is_visible()


def test_worker_decodes_golden_streams_to_the_bits_of_python(open_page: Any, scenes: Path) -> None:
    known = json.loads((GOLDEN / "digests.json").read_text())
    for name in known:
        (scenes / f"{name}.ralhe").write_bytes((GOLDEN / f"{name}.ralhe").read_bytes())
    page = open_page("~ralhe/")
    found = page.evaluate(
        """async (names) => {
          const { decode } = await import("/~ralhe/decoder.js");
          const digest = async (array) => [...new Uint8Array(await crypto.subtle.digest("SHA-256", array))]
            .map((byte) => byte.toString(16).padStart(2, "0")).join("");
          const found = {};
          for (const name of names) {
            found[name] = {};
            const response = await fetch(`/${name}.ralhe`);
            for await (const level of decode(response.body, { wasm: "/~ralhe/core.wasm" })) {
              found[name][level.level] = {
                positions: await digest(level.positions), log_scales: await digest(level.logScales),
                rotations: await digest(level.rotations), opacity_logits: await digest(level.opacityLogits),
                sh: await digest(level.sh),
              };
            }
          }
          return found;
        }""",
        list(known),
    )
    assert found == {name: known[name]["levels"] for name in known}


def ball(degree: int, coordinates: str, antialiased: bool) -> bytes:
    """A stream of a ball of flat Gaussians, a voxel large, in colours that change with place and view."""
    codes = surface_codes(4000, 6, seed=5)
    rng = np.random.default_rng(6)
    attributes = rng.normal(scale=0.1, size=(len(codes), channels_of(degree))).astype(np.float32)
    attributes[:, 0] = rng.normal(2.0, 1.5, len(codes))  # opacity
    attributes[:, 1:4] = np.sin(codes[:, None] / 700 + np.arange(3)) * (1.0, 0.5, 0.5)  # luma, chroma
    attributes[:, 4:7] = rng.normal(-1.0, 0.8, (len(codes), 3))  # log-covariance
    attributes[:, 7:10] = rng.normal(0.0, 0.6, (len(codes), 3))
    hidden = (4, 4 if degree else 0, 0)
    return make_stream(codes, 6, degree, seed=7, hidden=hidden, lmbda=1e-3, spread=0.05, attributes=attributes,
                       coordinates=coordinates, antialiased=antialiased).data  # fmt: skip


@pytest.mark.parametrize(
    ("degree", "coordinates", "antialiased"),
    [(0, "unspecified", False), (1, "RDF", True), (2, "RUB", False), (3, "LUF", False)],
)
def test_picture_is_that_of_the_rasteriser(
    open_page: Any, scenes: Path, picture_of: Any, degree: int, coordinates: str, antialiased: bool
) -> None:
    data = ball(degree, coordinates, antialiased)
    (scenes / "scene.ralhe").write_bytes(data)
    scene = in_ply_axes(ralhe.decode(data))
    target = np.median(scene.positions, axis=0)
    eye = target + np.array([30.0, -40.0, -50.0])
    places = ",".join(str(number) for number in (*eye, *target))
    page = open_page(f"{PAGE}&camera={places}&up=0.1,-1,0&fov=60{BLACK}")
    over(page)
    shown = picture_of(page)
    height, width = shown.shape[:2]
    camera = ralhe.Camera.looking_at(
        eye, target.astype(np.float64), np.array([0.1, -1.0, 0.0]), fov=np.radians(60), width=width, height=height
    )
    with torch.no_grad():
        splats = ralhe.render(scene, camera)
    drawn = 255 * splats.colour.clamp(0, 1).numpy()
    assert drawn.std() > 20
    assert 10 * np.log10(255**2 / np.mean((shown - drawn) ** 2)) > LIKE


def test_stops_at_once(open_page: Any, host: Any, stream: bytes) -> None:
    host.rules["/scene.ralhe"] = Rule(bytes_a_second=len(stream) / 8)
    page = open_page(PAGE)
    page.wait_for_selector("html[data-level]", state="attached")
    page.locator("canvas").press("Escape")
    page.wait_for_timeout(500)
    sent, level = host.requests("/scene.ralhe")[0].sent, page.locator("html").get_attribute("data-level")
    page.wait_for_timeout(1000)
    assert host.requests("/scene.ralhe")[0].sent <= sent + 3000 < len(stream)
    assert page.locator("html").get_attribute("data-level") == level
    assert not page.locator("progress").is_visible()
    assert page.locator("html").get_attribute("data-state") == "over"


def test_a_name_that_does_not_decode_is_shown_as_it_is(open_page: Any, scenes: Path, stream: bytes) -> None:
    (scenes / "100%.ralhe").write_bytes(stream)
    page = open_page("~ralhe/?src=../100%25.ralhe")
    assert over(page) == "9"
    assert "100%.ralhe" in page.content()


@pytest.mark.parametrize("ignores_range", [False, True])
def test_goes_on_where_a_connection_broke(open_page: Any, host: Any, stream: bytes, ignores_range: bool) -> None:
    host.rules["/scene.ralhe"] = Rule(breaks_at=5000, ignores_range=ignores_range)
    page = open_page(PAGE)
    assert over(page) == "9"
    assert [seen.range for seen in host.requests("/scene.ralhe")] == [None, "bytes=5000-"]
    assert host.requests("/scene.ralhe")[1].sent == len(stream) - (0 if ignores_range else 5000)
    assert not page.locator("#message").is_visible()
    open_page.faults[:] = [fault for fault in open_page.faults if "ERR_" not in fault]


def test_corrupt_stream_keeps_what_was_decoded(open_page: Any, scenes: Path, stream: bytes) -> None:
    ends = ralhe.info(stream).level_ends
    damaged = bytearray(stream)
    damaged[ends[-2][1] + 9] ^= 4
    (scenes / "scene.ralhe").write_bytes(damaged)
    page = open_page(PAGE)
    assert over(page) == str(ends[-2][0])
    alert = page.get_by_role("alert")
    assert alert.inner_text() == (
        "scene.ralhe: a section is damaged (checksum); fetch the file again; shown is level 8 of 9"
    )


def test_cut_stream_is_shown_with_a_notice(open_page: Any, scenes: Path, stream: bytes) -> None:
    (scenes / "scene.ralhe").write_bytes(stream[:-10])
    page = open_page(PAGE)
    assert over(page) == "8"
    assert text(page, "message") == f"the stream is cut at byte {len(stream) - 10} of {len(stream)}: level 8 of 9"


def test_only_so_many_bytes(open_page: Any, host: Any, stream: bytes) -> None:
    level, end = ralhe.info(stream).level_ends[2]
    page = open_page(f"{PAGE}&maxBytes={end}")
    assert over(page) == str(level)
    assert text(page, "bytes") == f"{end / 1000:.1f} kB of {len(stream) / 1000:.1f} kB"


@pytest.mark.parametrize(
    ("path", "words"),
    [("~ralhe/?src=../none.ralhe", "the server answers 404"), (f"{PAGE}&maxBytes=lots", "maxBytes=lots"),
     (f"{PAGE}&camera=1,2", "camera=1,2 is not 6 numbers"), (f"{PAGE}&up=0,0,0", "points nowhere")],
)  # fmt: skip
def test_says_what_is_wrong_with_an_address(open_page: Any, stream: bytes, path: str, words: str) -> None:
    page = open_page(path)
    assert over(page) is None
    assert words in page.get_by_role("alert").inner_text()
    open_page.faults[:] = [fault for fault in open_page.faults if "404" not in fault]


def test_a_file_dropped_on_the_page_is_shown(open_page: Any, stream: bytes) -> None:
    page = open_page("~ralhe/")
    assert "Drop a .ralhe file" in page.get_by_role("alert").inner_text()
    page.evaluate(
        """(text) => {
          const data = new DataTransfer();
          data.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], "mine.ralhe"));
          for (const kind of ["dragover", "drop"])
            document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        base64.b64encode(stream).decode(),
    )
    page.wait_for_selector("html[data-level='9']", state="attached")
    assert text(page, "name") == "mine.ralhe"
    assert not page.locator("#message").is_visible()


def test_a_file_is_chosen_and_replaces_what_was_shown(open_page: Any, stream: bytes, picture_of: Any) -> None:
    page = open_page(PAGE + BLACK)
    over(page)
    before = picture_of(page)
    page.locator("#file").set_input_files(GOLDEN / "synthesis_and_basis.ralhe")
    page.wait_for_selector("html[data-level='8']", state="attached")
    assert text(page, "name") == "synthesis_and_basis.ralhe"
    assert np.abs(picture_of(page) - before).mean() > 1


def test_the_list_leads_to_the_page(open_page: Any, scenes: Path, stream: bytes) -> None:
    (scenes / "a b#?%.ralhe").write_bytes(stream)
    page = open_page("")
    page.get_by_role("link", name="a b#?%.ralhe").click()
    assert over(page) == "9"
    assert text(page, "name") == "a b#?%.ralhe"
    page.wait_for_load_state("networkidle")
