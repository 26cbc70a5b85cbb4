"""The server as clients meet it: Range and its edges, caching, other origins, and what it must not hand out."""

from __future__ import annotations

import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
import webbrowser
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import anyio
import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from ralhe.cli import main
from ralhe.core.instance import WASM
from ralhe.web import first_look, server
from ralhe.web.app import make_app
from ralhe.web.drawings import Drawings
from ralhe.web.folder import Folder
from tests.streams import Made

ORIGIN = {"Origin": "https://elsewhere.example"}


@pytest.fixture
def data(small_stream: Made) -> bytes:
    return small_stream.data


@pytest.fixture
def folder(tmp_path: Path, data: bytes) -> Path:
    """Two streams, a file of another kind, a hidden one, and a secret beside the folder."""
    served = tmp_path / "scenes"
    (served / "more").mkdir(parents=True)
    (served / "a.ralhe").write_bytes(data)
    (served / "more" / "b c#?.ralhe").write_bytes(data)
    (served / "notes.txt").write_text("mine")
    (served / ".hidden.ralhe").write_bytes(data)
    (tmp_path / "secret.ralhe").write_bytes(data)
    return served


@pytest.fixture
def client(folder: Path) -> TestClient:
    return TestClient(make_app(Folder(folder)))


def test_whole_stream(client: TestClient, data: bytes) -> None:
    answer = client.get("/a.ralhe")
    assert (answer.status_code, answer.content) == (200, data)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-length"] == str(len(data))
    assert "content-encoding" not in answer.headers
    assert re.fullmatch(r'"[^"]+"', answer.headers["etag"])


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-0", 0, 0), ("bytes=10-19", 10, 19), ("bytes=100-", 100, -1), ("bytes=-7", -7, -1),
     ("bytes=5-999999999", 5, -1), ("bytes=-999999999", 0, -1), ("Bytes = 3-4", 3, 4)],
)  # fmt: skip
def test_one_range(client: TestClient, data: bytes, asked: str, first: int, last: int) -> None:
    first, last = first % len(data), last % len(data)
    answer = client.get("/a.ralhe", headers={"Range": asked, "Accept-Encoding": "gzip, br"})
    assert (answer.status_code, answer.content) == (206, data[first : last + 1])
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(data)}"
    assert answer.headers["content-length"] == str(last + 1 - first)
    assert "content-encoding" not in answer.headers


def test_several_ranges(client: TestClient, data: bytes) -> None:
    answer = client.get("/a.ralhe", headers={"Range": "bytes=0-3,20-29"})
    assert answer.status_code == 206
    kind, _, boundary = answer.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/byteranges"
    parts = answer.content.split(f"--{boundary}".encode())[1:-1]
    assert [part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for part in parts] == [data[:4], data[20:30]]
    assert len(answer.content) == int(answer.headers["content-length"])


@pytest.mark.parametrize("asked", ["bytes=999999999-", "bytes=-0"])
def test_range_beyond_the_end(client: TestClient, data: bytes, asked: str) -> None:
    answer = client.get("/a.ralhe", headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(data)}"


@pytest.mark.parametrize("asked", ["bytes=", "bytes=a-b", "bytes=--5", "lines=1-2", "bytes 0-5", "bytes=0-3,x",
                                   "bytes=5-2", "bytes=0-0,5-2", "bytes=0-" + "9" * 5000])  # fmt: skip
def test_range_without_a_meaning_is_ignored(client: TestClient, data: bytes, asked: str) -> None:
    answer = client.get("/a.ralhe", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, data)


def test_if_range(client: TestClient, data: bytes) -> None:
    etag = client.get("/a.ralhe").headers["etag"]
    same = client.get("/a.ralhe", headers={"Range": "bytes=4-", "If-Range": etag})
    other = client.get("/a.ralhe", headers={"Range": "bytes=4-", "If-Range": '"other"'})
    assert (same.status_code, same.content) == (206, data[4:])
    assert (other.status_code, other.content) == (200, data)


def test_etag_changes_with_the_file(client: TestClient, folder: Path, data: bytes) -> None:
    before = client.get("/a.ralhe").headers["etag"]
    assert client.get("/a.ralhe", headers={"If-None-Match": f'"x", {before}'}).status_code == 304
    assert client.get("/a.ralhe", headers={"If-None-Match": "*"}).status_code == 304
    (folder / "a.ralhe").write_bytes(data[:-1])
    after = client.get("/a.ralhe", headers={"If-None-Match": before})
    assert (after.status_code, after.headers["etag"] != before) == (200, True)


@pytest.mark.parametrize("asked", [None, "bytes=2-5"])
def test_head(client: TestClient, asked: str | None) -> None:
    headers = {"Range": asked} if asked else {}
    head, got = client.head("/a.ralhe", headers=headers), client.get("/a.ralhe", headers=headers)
    assert head.content == b""
    assert head.status_code == got.status_code
    for name in ("content-length", "etag", "accept-ranges", "content-type"):
        assert head.headers[name] == got.headers[name]


def test_no_other_method(client: TestClient) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert client.request(method, "/a.ralhe").status_code == 405


@pytest.mark.parametrize("asked", ["bytes=2-5", "bytes=999999999-", None])
def test_pages_of_other_hosts_may_read(client: TestClient, asked: str | None) -> None:
    answer = client.get("/a.ralhe", headers=ORIGIN | ({"Range": asked} if asked else {}))
    assert answer.headers["access-control-allow-origin"] == "*"
    exposed = {name.strip().lower() for name in answer.headers["access-control-expose-headers"].split(",")}
    assert {"content-range", "accept-ranges", "content-length", "etag"} <= exposed


def test_browsers_may_ask_for_ranges_from_other_hosts(client: TestClient) -> None:
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "range"}
    answer = client.options("/a.ralhe", headers=ORIGIN | asked)
    assert answer.status_code == 200
    assert "range" in answer.headers["access-control-allow-headers"].lower()


def test_view_is_for_this_machine_alone(folder: Path) -> None:
    client = TestClient(make_app(Folder(folder, only="a.ralhe"), shared=False))
    assert "access-control-allow-origin" not in client.get("/a.ralhe", headers=ORIGIN).headers
    assert client.get("/a.ralhe").status_code == 200
    assert client.get("/more/b%20c%23%3F.ralhe").status_code == 404


@pytest.mark.parametrize("name", ["plain.bin", ".hid.ralhe", "link.ralhe"])
def test_view_shows_whatever_file_was_named(name: str, folder: Path, tmp_path: Path, data: bytes) -> None:
    if name == "link.ralhe":
        (folder / name).symlink_to(tmp_path / "secret.ralhe")
    else:
        (folder / name).write_bytes(data)
    client = TestClient(make_app(Folder(folder, only=name), shared=False))
    assert client.get(f"/{name}").content == data
    assert client.get("/~ralhe/camera", params={"of": f"../{name}"}).status_code == 200
    (folder / name).unlink()
    if name != "link.ralhe":
        assert client.get(f"/{name}").status_code == 404


def test_names_with_signs_of_addresses(client: TestClient, data: bytes) -> None:
    assert client.get("/more/b%20c%23%3F.ralhe").content == data


@pytest.mark.parametrize(
    "path",
    ["/../secret.ralhe", "/%2e%2e/secret.ralhe", "/..%2fsecret.ralhe", "/more/../../secret.ralhe",
     "/more/%2e%2e/%2e%2e/secret.ralhe", "/..%5csecret.ralhe", "//etc/passwd", "/%2fetc/passwd", "/notes.txt",
     "/.hidden.ralhe", "/more", "/more/", "/a.ralhe/", "/a.ralhe%00.ralhe", "/none.ralhe", "/~ralhe/../a.py",
     "/~ralhe/..%2f..%2fapp.py", "/~ralhe/index.html", "/" + "x" * 5000 + ".ralhe"],
)  # fmt: skip
def test_nothing_else_is_handed_out(client: TestClient, path: str) -> None:
    assert raw_get(client, path) == 404


def raw_get(client: TestClient, path: str) -> int:
    """Status for a path as it is; clients would put it in order."""
    sent: list[Any] = []
    scope = {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "method": "GET",
             "scheme": "http", "path": unquote(path), "raw_path": path.encode(), "query_string": b"", "root_path": "",
             "headers": [(b"host", b"x")], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2)}  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    with ThreadPoolExecutor(1) as other:  # a browser of other tests has an event loop in this thread
        other.submit(anyio.run, client.app, scope, receive, send).result()
    return int(sent[0]["status"])


def test_links_out_of_the_folder_are_refused_and_others_followed(
    client: TestClient, folder: Path, tmp_path: Path, data: bytes
) -> None:
    (folder / "out.ralhe").symlink_to(tmp_path / "secret.ralhe")
    (folder / "up").symlink_to(tmp_path)
    (folder / "in.ralhe").symlink_to(folder / "a.ralhe")
    (folder / "loop.ralhe").symlink_to(folder / "loop.ralhe")
    for name in ("out.ralhe", "up/secret.ralhe", "loop.ralhe"):
        assert client.get(f"/{name}").status_code == 404
        assert client.get("/~ralhe/camera", params={"of": f"../{name}"}).json() is None
        assert client.get("/~ralhe/thumbnail", params={"of": name}).status_code == 404
    assert client.get("/in.ralhe").content == data
    listed = client.get("/").text
    assert "in.ralhe" in listed
    assert all(name not in listed for name in ("out.ralhe", "up/", "loop.ralhe"))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("viewer.js", "text/javascript"), ("viewer.css", "text/css"), ("decoder.js", "text/javascript"),
     ("core.wasm", "application/wasm")],
)  # fmt: skip
def test_files_of_the_page(client: TestClient, name: str, kind: str) -> None:
    answer = client.get(f"/~ralhe/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == kind
    assert answer.headers["x-content-type-options"] == "nosniff"
    if name == "core.wasm":
        assert answer.content == WASM.read_bytes()


def test_the_page_is_sent_compressed_and_asked_for_once(client: TestClient) -> None:
    sent = 0
    for name in ("", "viewer.js", "viewer.css", "core.wasm"):
        plain = client.get(f"/~ralhe/{name}", headers={"Accept-Encoding": "identity"})
        answer = client.get(f"/~ralhe/{name}", headers={"Accept-Encoding": "gzip"})
        assert (answer.content, answer.headers["content-type"]) == (plain.content, plain.headers["content-type"])
        assert answer.headers["content-encoding"] == "gzip"
        assert "accept-encoding" in answer.headers["vary"].lower()
        assert "content-encoding" not in plain.headers
        sent += answer.num_bytes_downloaded
        if name:
            again = client.get(f"/~ralhe/{name}", headers={"If-None-Match": answer.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
    assert sent < 350_000


def test_list_escapes_names_and_tells_of_damage(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "<img src=x onerror=alert(1)>.ralhe").write_bytes(data)
    (tmp_path / "cut.ralhe").write_bytes(data[:-100])
    (tmp_path / "bad.ralhe").write_bytes(b"RALH nothing")
    text = TestClient(make_app(Folder(tmp_path))).get("/").text
    assert "<img src=x" not in text and "&lt;img src=x onerror=alert(1)&gt;.ralhe" in text
    assert text.count("<a ") == 2
    assert "damaged" in text and "cut at" in text


def test_list_leaves_out_what_has_no_address_or_cannot_be_read(
    tmp_path: Path, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.ralhe", os.fsdecode(b"caf\xe9.ralhe"), "locked.ralhe"):
        (tmp_path / name).write_bytes(data)
    whole = Path.open

    def locked(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.name == "locked.ralhe":
            raise PermissionError(13, "Permission denied")
        return whole(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", locked)
    answer = TestClient(make_app(Folder(tmp_path))).get("/")
    assert (answer.status_code, answer.text.count("<a ")) == (200, 1)


def test_view_says_that_a_name_is_no_text(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.ralhe")
    path.write_bytes(data)
    refused = CliRunner().invoke(main, ["view", str(path), "--no-open"])
    assert refused.exit_code == 2 and "rename it" in refused.stderr


def test_list_says_where_it_ends(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "The list ends" not in client.get("/").text
    monkeypatch.setattr(Folder, "most_listed", 1)
    text = client.get("/").text
    assert text.count("<li>") == 1
    assert "The list ends at 1;" in text


def test_list_of_nothing_says_how_to_begin(tmp_path: Path) -> None:
    assert "ralhe encode" in TestClient(make_app(Folder(tmp_path))).get("/").text


def test_first_view_and_thumbnail(client: TestClient) -> None:
    view = client.get("/~ralhe/camera", params={"of": "../a.ralhe"}).json()
    assert {name: len(values) for name, values in view.items()} == {"eye": 3, "target": 3, "up": 3}
    picture = client.get("/~ralhe/thumbnail", params={"of": "a.ralhe"})
    assert picture.headers["content-type"] == "image/webp"
    assert picture.content[8:12] == b"WEBP"


def test_a_known_look_does_not_wait_for_a_drawing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow, looks = threading.Event(), {"a.ralhe": first_look.NOTHING, "b.ralhe": first_look.FirstLook(None, b"picture")}
    drawn = list[str]()

    def look_at(path: Path) -> first_look.FirstLook:
        drawn.append(path.name)
        if path.name == "b.ralhe":
            assert slow.wait(20)
        return looks[path.name]

    monkeypatch.setattr("ralhe.web.drawings._look_at", look_at)
    drawings, known, other = Drawings(), folder / "a.ralhe", folder / "b.ralhe"
    other.write_bytes(known.read_bytes())

    async def ask() -> None:
        await drawings.of(known)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(drawings.of, other)
            tasks.start_soon(drawings.of, other)
            while "b.ralhe" not in drawn:
                await anyio.sleep(0.01)
            with anyio.fail_after(10):
                assert await drawings.of(known) is looks["a.ralhe"]
            slow.set()
        assert await drawings.of(other) is looks["b.ralhe"]
        os.utime(known, (1, 1))
        await drawings.of(known)

    with ThreadPoolExecutor(1) as pool:  # the thread of the tests may have a loop, that of a browser
        pool.submit(anyio.run, ask).result()
    assert drawn == ["a.ralhe", "b.ralhe", "a.ralhe"]


def test_without_the_render_extra_there_are_plain_tiles(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert client.get("/~ralhe/camera", params={"of": "../a.ralhe"}).json() is None
    assert client.get("/~ralhe/thumbnail", params={"of": "a.ralhe"}).headers["content-type"] == "image/svg+xml"


def test_damaged_streams_have_plain_tiles(client: TestClient, folder: Path, data: bytes) -> None:
    (folder / "bad.ralhe").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert client.get("/~ralhe/thumbnail", params={"of": "bad.ralhe"}).headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize("command", ["view", "serve"])
def test_command_serves_on_loopback_until_interrupted(command: str, folder: Path, data: bytes) -> None:
    target = [str(folder / "a.ralhe"), "--no-open"] if command == "view" else [str(folder)]
    started = subprocess.Popen(
        [sys.executable, "-c", "from ralhe.cli import main; main()", command, *target, "--port", "0"], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        assert started.stdout is not None
        found = re.search(r"(http://127\.0\.0\.1:\d+/)\S*", started.stdout.readline())
        assert found is not None
        with urllib.request.urlopen(found[1] + "a.ralhe", timeout=10) as answer:
            assert answer.read() == data
        with urllib.request.urlopen(found[0], timeout=10) as answer:
            assert b"<!doctype html>" in answer.read()
        started.send_signal(signal.SIGINT)
        _, faults = started.communicate(timeout=10)
    finally:
        started.kill()
    assert (started.returncode, faults) == (0, "")


@pytest.mark.parametrize("no_open", [False, True])
def test_view_opens_the_page(no_open: bool, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: queue.Queue[str] = queue.Queue()
    monkeypatch.setattr(webbrowser, "open", opened.put)
    monkeypatch.setattr(server, "run", lambda _app, _host, _port, ready: ready("http://127.0.0.1:1/"))
    arguments = ["view", str(folder / "more" / "b c#?.ralhe"), *(["--no-open"] if no_open else [])]
    told = CliRunner().invoke(main, arguments)
    assert told.exit_code == 0
    page = told.stdout.splitlines()[0]
    assert page == "http://127.0.0.1:1/~ralhe/?src=../b%2520c%2523%253F.ralhe"
    if no_open:
        assert opened.empty()
    else:
        assert opened.get(timeout=5) == page


def test_view_serves_what_was_named_to_this_machine_at_the_port_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[tuple[TestClient, str, int]] = []
    monkeypatch.setattr(server, "run", lambda app, host, port, _: served.append((TestClient(app), host, port)))
    assert CliRunner().invoke(main, ["view", str(folder / "a.ralhe"), "--port", "4321"]).exit_code == 0
    [(client, *where)] = served
    assert where == ["127.0.0.1", 4321]
    assert client.get("/more/b%20c%23%3F.ralhe").status_code == 404
    answer = client.get("/a.ralhe", headers=ORIGIN)
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("command", ["view", "serve"])
def test_without_the_view_extra_the_mend_is_told(command: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "ralhe.web.app")
    monkeypatch.setitem(sys.modules, "starlette.applications", None)
    told = CliRunner().invoke(main, [command, str(folder / "a.ralhe" if command == "view" else folder)])
    assert told.exit_code == 2
    assert "ralhe[view]" in told.stderr


def test_port_that_is_taken_is_one_line(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = CliRunner().invoke(main, ["serve", str(folder), "--port", str(port)])
    assert refused.exit_code == 2
    assert refused.stderr == f"ralhe: 127.0.0.1:{port}: Address already in use; choose another --port or --host\n"
