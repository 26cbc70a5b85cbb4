"""The server: streams of a folder with Range, the page that shows them, a list with thumbnails.

    /                                  the list
    /NAME.ralhe                        a stream
    /~ralhe/?src=../NAME.ralhe         the page
    /~ralhe/viewer.js, core.wasm ...   its files
    /~ralhe/camera?of=../NAME.ralhe    a first view, as JSON
    /~ralhe/thumbnail?of=NAME.ralhe    a picture
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from ralhe.core.instance import WASM
from ralhe.web.drawings import Drawings
from ralhe.web.first_look import PLAIN
from ralhe.web.folder import Folder
from ralhe.web.headers import NoSniffing, ValidRanges
from ralhe.web.listing import listing
from ralhe.web.page import STATIC, Settings, page_html, source

STREAM = "application/octet-stream"
TYPES = {".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm"}
EXPOSED = ("Content-Range", "Accept-Ranges", "Content-Length", "ETag")


def make_app(folder: Folder, *, shared: bool = True) -> Starlette:
    """The ASGI application. shared: pages of other hosts may read the streams (CORS)."""
    drawings = Drawings()

    def stream(request: Request) -> Response:
        path = folder.find(request.path_params["name"])
        return _not_found() if path is None else _file(request, path, STREAM)

    async def camera(request: Request) -> Response:
        path = folder.find(unquote(_named(request)).removeprefix("../"))
        return JSONResponse((await drawings.of(path)).view if path else None)

    async def picture(request: Request) -> Response:
        path = folder.find(_named(request))
        if path is None:
            return _not_found()
        drawn = (await drawings.of(path)).thumbnail
        return Response(drawn, media_type="image/webp") if drawn else Response(PLAIN, media_type="image/svg+xml")

    def index(_request: Request) -> Response:
        return HTMLResponse(listing(folder))

    compressed = [Middleware(GZipMiddleware)]  # never a stream, which is dense and asked for by Range
    routes = [
        Route("/", index, middleware=compressed),
        Route("/~ralhe/", _page, middleware=compressed),
        Route("/~ralhe/camera", camera),
        Route("/~ralhe/thumbnail", picture),
        Route("/~ralhe/{name}", _static, middleware=compressed),
        Route("/{name:path}", stream),
    ]
    readable = Middleware(
        CORSMiddleware, allow_origins=["*"], allow_methods=["GET", "HEAD"], allow_headers=["Range", "If-Range"],
        expose_headers=EXPOSED,
    )  # fmt: skip
    middleware = [Middleware(NoSniffing), Middleware(ValidRanges), *([readable] if shared else [])]
    return Starlette(routes=routes, middleware=middleware)


def _page(_request: Request) -> Response:
    return HTMLResponse(page_html(Settings(wasm=WASM.name, cameras="camera?of=")))


def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in (*STATIC, WASM.name):
        return _not_found()
    return _file(request, Path(str(source(name))), TYPES[Path(name).suffix])


def _file(request: Request, path: Path, media_type: str) -> Response:
    """A file with Range, ETag and If-Range; 304 where the client has it."""
    if not os.access(path, os.R_OK):
        return _not_found()
    response = FileResponse(path, stat_result=path.stat(), media_type=media_type, headers={"Cache-Control": "no-cache"})
    known = request.headers.get("if-none-match", "")
    if {response.headers["etag"], "*"} & {tag.strip().removeprefix("W/") for tag in known.split(",")}:
        kept = {name: response.headers[name] for name in ("etag", "last-modified", "cache-control")}
        return Response(status_code=304, headers=kept)
    return response


def _named(request: Request) -> str:
    return request.query_params.get("of", "")


def _not_found() -> Response:
    return PlainTextResponse("no such file", status_code=404)
