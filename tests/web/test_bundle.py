"""The page that the package ships is the one that viewer/ makes, and no larger than it may be."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ralhe.web.page import source

VIEWER = Path(__file__).parents[2] / "viewer"
MOST_BROTLI = 400_000  # bytes of everything that a visitor loads before the stream
SCRIPT = """
const { brotliCompressSync } = require("node:zlib"), { readFileSync } = require("node:fs");
console.log(process.argv.slice(1).reduce((sum, file) => sum + brotliCompressSync(readFileSync(file)).length, 0));
"""


@pytest.fixture(scope="module")
def node() -> str:
    """The program; tests are skipped where it is missing."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("the bundle is not checked: node is not installed")
    return found


def test_page_is_what_its_sources_make(node: str, tmp_path: Path) -> None:
    if not (VIEWER / "node_modules" / "esbuild").is_dir():
        pytest.skip("the bundle is not rebuilt: viewer/node_modules is missing; run npm ci in viewer/")
    subprocess.run([node, "build.mjs", str(tmp_path)], cwd=VIEWER, check=True, capture_output=True, timeout=120)
    assert {made.name for made in tmp_path.iterdir()} == {"index.html", "viewer.css", "viewer.js", "decoder.js"}
    for made in tmp_path.iterdir():
        kept = Path(str(source(made.name)))
        assert made.read_bytes() == kept.read_bytes(), f"{made.name} is stale: npm run build in viewer/, and commit"


def test_types_hold(node: str) -> None:
    if not (VIEWER / "node_modules" / "typescript").is_dir():
        pytest.skip("types are not checked: viewer/node_modules is missing; run npm ci in viewer/")
    checked = subprocess.run(["npm", "run", "-s", "check"], cwd=VIEWER, capture_output=True, text=True, timeout=120)
    assert (checked.returncode, checked.stdout) == (0, "")


def test_page_is_small(node: str) -> None:
    files = [str(source(name)) for name in ("index.html", "viewer.css", "viewer.js", "core.wasm")]
    size = int(subprocess.run([node, "-e", SCRIPT, *files], capture_output=True, check=True, timeout=60).stdout)
    assert 10_000 < size <= MOST_BROTLI


def test_bytes_of_the_page_are_those_that_are_told() -> None:
    table = (VIEWER.parent / "docs" / "viewer.md").read_text().partition("## Bytes")[2]
    for name in ("index.html", "viewer.css", "viewer.js"):
        (told,) = re.findall(rf"^\| {re.escape(name)}\b[^|]*\| ([\d,]+) \|", table, re.MULTILINE)
        assert int(told.replace(",", "")) == len(source(name).read_bytes()), f"docs/viewer.md is stale: {name}"


@pytest.mark.parametrize("name", ["viewer.js", "viewer.css", "index.html", "decoder.js"])
def test_page_names_no_other_host(name: str) -> None:
    text = Path(str(source(name))).read_text()
    for loaded in ('src="http', 'href="http', "url(http", 'import("http', 'from"http', "@import"):
        assert loaded not in text
