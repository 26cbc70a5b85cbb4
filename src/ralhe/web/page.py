"""The viewer's page: its files, and its HTML with what a host tells it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TypedDict, cast

from ralhe.core.instance import WASM
from ralhe.web.first_look import FirstView

STATIC = ("viewer.js", "viewer.css", "decoder.js")
"""Files beside index.html that any host may hand out as they are."""

_SETTINGS = '<script type="application/json" id="settings">{}</script>'
_STYLE = '<link rel="stylesheet" href="viewer.css">'
_SCRIPT = '<script type="module" src="viewer.js"></script>'
_POLICY = re.compile(r'(<meta http-equiv="Content-Security-Policy" content=")[^"]*(">)')


class Settings(TypedDict, total=False):
    """What the page is told; viewer/src/page/settings.ts reads it."""

    src: str  # address of the stream, relative to the page
    data: str  # the stream itself, base64
    name: str
    wasm: str  # address of core.wasm
    camera: FirstView
    cameras: str  # address that answers the first view of a stream, to which its own address is added


def source(name: str) -> Traversable:
    """A file of the page: index.html, one of STATIC, or core.wasm."""
    return WASM if name == WASM.name else files("ralhe").joinpath("page", name)


def page_html(settings: Settings) -> str:
    """index.html for hosts that have the other files beside it."""
    return _with_settings(source("index.html").read_text("utf-8"), settings)


def settings_of(text: str) -> Settings | None:
    """What a page that `page_html` made is told; None where it is no such page."""
    before, after = map(re.escape, _SETTINGS.split("{}"))
    found = re.search(f"{before}(.*?){after}", text, re.DOTALL)
    try:
        settings = json.loads(found[1]) if found else None
    except ValueError:
        return None
    return cast("Settings", settings) if isinstance(settings, dict) else None


def whole_page_html(data: bytes, name: str, view: FirstView | None) -> str:
    """One HTML text with a stream, the decoder and the viewer inside; it needs no host and no network."""
    style, script = (source(file).read_text("utf-8") for file in ("viewer.css", "viewer.js"))
    script = script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    policy = (
        f"default-src 'none'; script-src {_digest(script)} 'wasm-unsafe-eval'; style-src {_digest(style)}; "
        "worker-src blob:; img-src data:; base-uri 'none'; form-action 'none'"
    )
    wasm = f"data:application/wasm;base64,{_base64(WASM.read_bytes())}"
    settings = Settings(data=_base64(data), name=name, wasm=wasm)
    if view is not None:
        settings["camera"] = view
    text = _with_settings(source("index.html").read_text("utf-8"), settings)
    text = _POLICY.sub(lambda match: match[1] + policy + match[2], text)
    text = _replaced(text, _STYLE, f"<style>{style}</style>")
    return _replaced(text, _SCRIPT, f'<script type="module">{script}</script>')


def _with_settings(text: str, settings: Settings) -> str:
    told = json.dumps(settings).replace("<", "\\u003c")
    return _replaced(text, _SETTINGS, _SETTINGS.replace("{}", told))


def _replaced(text: str, old: str, new: str) -> str:
    before, found, after = text.partition(old)
    if not found:
        raise RuntimeError(f"index.html of the page holds no {old}; reinstall ralhe")
    return before + new + after


def _digest(text: str) -> str:
    return f"'sha256-{_base64(hashlib.sha256(text.encode()).digest())}'"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
