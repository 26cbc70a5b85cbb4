"""Sites, single files and notebooks that show a stream without the server."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.staticfiles import StaticFiles

import ralhe
from ralhe.cli import main
from ralhe.core.instance import WASM
from ralhe.errors import SceneError
from tests.scenes import sphere
from tests.streams import Made
from tests.web.hosting import Host

OVER = "html[data-state=over]"


@pytest.fixture
def stream(tmp_path: Path, plain_stream: Made) -> Path:
    path = tmp_path / "a scene #1.ralhe"
    path.write_bytes(plain_stream.data)
    return path


def run(*arguments: object) -> Any:
    """What the command line answers."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def settings_of(page: str) -> dict[str, Any]:
    """What a page is told."""
    found = re.search(r'<script type="application/json" id="settings">(.*?)</script>', page)
    assert found is not None
    told: dict[str, Any] = json.loads(found[1])
    return told


def test_site_holds_the_stream_and_all_it_takes(stream: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    assert run("export", stream, site).exit_code == 0
    names = {"index.html", "viewer.js", "viewer.css", "core.wasm", stream.name}
    assert {path.name for path in site.iterdir()} == names
    assert (site / stream.name).read_bytes() == stream.read_bytes()
    assert (site / "core.wasm").read_bytes() == WASM.read_bytes()
    told = settings_of((site / "index.html").read_text())
    assert told["src"] == "a%20scene%20%231.ralhe"
    assert set(told["camera"]) == {"eye", "target", "up"}
    assert run("export", stream, site).exit_code == 0
    other = stream.rename(tmp_path / "other.ralhe")
    assert run("export", other, site).exit_code == 0
    assert {path.name for path in site.iterdir()} == names - {stream.name} | {other.name}


def test_site_never_takes_the_place_of_something_else(stream: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    run("export", stream, tmp_path / "more")
    (tmp_path / "more" / "thesis.txt").write_text("mine")
    (tmp_path / "like").mkdir()
    for name in ("index.html", "viewer.js"):
        (tmp_path / "like" / name).write_text("mine")
    refusals = [(tmp_path / name, "not empty") for name in ("full", "more", "like")]
    for target, words in (*refusals, (stream, "is a file")):
        refused = run("export", stream, target)
        assert refused.exit_code == 2 and words in refused.stderr
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.txt"]
    assert {path.read_text() for path in (tmp_path / "like").iterdir()} == {"mine"}


def test_what_hosts_put_beside_a_site_is_left_alone(stream: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    run("export", stream, site)
    for name in (".DS_Store", ".nojekyll", "CNAME"):
        (site / name).write_text("theirs")
    assert run("export", stream, site).exit_code == 0
    assert (site / "CNAME").read_text() == (site / ".DS_Store").read_text() == "theirs"


@pytest.mark.parametrize("earlier", [False, True])
def test_an_interrupted_site_is_told_and_made_again(
    earlier: bool, stream: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    if earlier:
        run("export", stream, site)
    before = {path.name: path.read_bytes() for path in site.iterdir()} if earlier else {}

    def written(path: Path, content: bytes) -> None:
        if path.name == "viewer.css":
            raise KeyboardInterrupt
        path.write_bytes(content)

    with monkeypatch.context() as patched:
        patched.setattr("ralhe.web.export._write", written)
        stopped = run("export", stream, site)
    assert stopped.exit_code == 130
    assert stopped.stderr.splitlines()[-1] == f"ralhe: stopped before {site} was whole"
    assert {path.name: path.read_bytes() for path in site.iterdir()} == before
    assert run("export", stream, site).exit_code == 0
    assert (site / "index.html").exists()


@pytest.mark.parametrize("command", ["view", "export"])
def test_other_files_are_refused_with_the_mend(command: str, tmp_path: Path) -> None:
    scene = tmp_path / "scene.ply"
    scene.write_bytes(b"ply\nformat ascii 1.0\n")
    refused = run(command, scene, *([tmp_path / "site"] if command == "export" else []))
    assert refused.exit_code == 2
    assert refused.stderr.count("\n") == 1 and "ralhe encode" in refused.stderr
    assert not (tmp_path / "site").exists()


def test_damaged_stream_is_not_exported(stream: Path, tmp_path: Path) -> None:
    damaged = bytearray(stream.read_bytes())
    damaged[-1] ^= 1
    stream.write_bytes(damaged)
    refused = run("export", stream, tmp_path / "site")
    assert refused.exit_code == 2 and "damaged" in refused.stderr
    assert not (tmp_path / "site").exists()


def watch(browser: Any, address: str) -> tuple[str, list[str]]:
    """The level that a page shows in the end, and what went wrong."""
    faults: list[str] = []
    page = browser.new_page(viewport={"width": 400, "height": 300})
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(address)
    frame = page if page.locator("iframe").count() == 0 else page.frames[1]
    frame.wait_for_selector(OVER, state="attached", timeout=30_000)
    level = frame.locator("html").get_attribute("data-level")
    page.close()
    return level, faults


def test_site_shows_itself_on_a_plain_host(browser: Any, stream: Path, tmp_path: Path) -> None:
    run("export", stream, tmp_path / "site")
    host = Host(Starlette())
    host.app.mount("/", StaticFiles(directory=tmp_path / "site", html=True))
    try:
        assert watch(browser, host.address) == ("10", [])
    finally:
        host.close()


def test_single_file_opens_from_disk(browser: Any, stream: Path, tmp_path: Path) -> None:
    page = tmp_path / "scene.html"
    told = run("export", stream, page)
    assert told.exit_code == 0 and "opens in any browser" in told.stdout
    assert set(settings_of(page.read_text())["camera"]) == {"eye", "target", "up"}
    assert watch(browser, page.as_uri()) == ("10", [])


def test_an_address_turns_a_page_whatever_was_found_to_be_up(browser: Any, stream: Path, tmp_path: Path) -> None:
    run("export", stream, tmp_path / "scene.html")
    pictures = []
    for query in ("", "?up=z", "?up=-z"):
        page = browser.new_page(viewport={"width": 200, "height": 150})
        page.goto((tmp_path / "scene.html").as_uri() + query)
        page.wait_for_selector(OVER, state="attached", timeout=30_000)
        pictures.append(page.locator("canvas").screenshot())
        page.close()
    assert len(set(pictures)) == 3


@pytest.mark.parametrize("kind", ["path", "bytes"])
def test_notebook_shows_the_page_in_a_frame(browser: Any, stream: Path, tmp_path: Path, kind: str) -> None:
    shown = ralhe.show(stream if kind == "path" else stream.read_bytes(), height=300)
    notebook = tmp_path / "notebook.html"
    notebook.write_text(f"<!doctype html><meta charset=utf-8>{shown._repr_html_()}")
    assert watch(browser, notebook.as_uri()) == ("10", [])


def test_notebook_encodes_what_is_no_stream_yet(browser: Any, tmp_path: Path) -> None:
    shown = ralhe.show(sphere(100), size=4000)
    notebook = tmp_path / "notebook.html"
    notebook.write_text(f"<!doctype html><meta charset=utf-8>{shown._repr_html_()}")
    level, faults = watch(browser, notebook.as_uri())
    assert int(level) > 0 and faults == []


def test_notebook_refuses_what_cannot_be_shown(stream: Path) -> None:
    with pytest.raises(SceneError, match="height is 5"):
        ralhe.show(stream, height=5)
    with pytest.raises(ralhe.BitstreamError):
        ralhe.show(stream.read_bytes()[:50])
