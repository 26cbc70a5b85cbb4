"""ralhe: trained 3D Gaussian splatting scenes as progressive streams of at most a megabyte.

    scene = ralhe.read("scene.ply")
    data = ralhe.encode(scene, size=500_000)
    coarse = ralhe.decode(data, max_bytes=100_000)
    ralhe.write("scene.spz", ralhe.decode(data))
    picture = ralhe.render(scene, camera)
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from ralhe import files
from ralhe.bitstream import SUFFIX, TruncatedNotice, decode, info, is_stream
from ralhe.errors import BitstreamError, CameraError, RalheError, RateError, SceneError
from ralhe.extras import needing
from ralhe.files import SceneNotice
from ralhe.gaussians import Gaussians
from ralhe.options import EncodeOptions, LadderOptions
from ralhe.sizes import DEFAULT_SIZE

if TYPE_CHECKING:
    from ralhe import cameras
    from ralhe.cameras import Camera
    from ralhe.comparison import Comparison, compare, write_report
    from ralhe.encoding import EncodeReport
    from ralhe.rasteriser import Rendered, Splats, render
    from ralhe.viewpoints import place_views
    from ralhe.web.notebook import Shown, show

__version__ = "0.1.0"

__all__ = [
    "BitstreamError",
    "Camera",
    "CameraError",
    "Comparison",
    "EncodeOptions",
    "Gaussians",
    "LadderOptions",
    "RalheError",
    "RateError",
    "Rendered",
    "SceneError",
    "SceneNotice",
    "Shown",
    "Splats",
    "TruncatedNotice",
    "cameras",
    "compare",
    "decode",
    "encode",
    "encode_ladder",
    "encode_report",
    "info",
    "place_views",
    "read",
    "render",
    "show",
    "write",
    "write_report",
]

# Names whose modules load on first use, so that decoding stays light; most need the `render` extra.
_LATER = {
    "Camera": "cameras",
    "Comparison": "comparison",
    "Rendered": "rasteriser",
    "Shown": "web.notebook",
    "Splats": "rasteriser",
    "cameras": "cameras",
    "compare": "comparison",
    "place_views": "viewpoints",
    "render": "rasteriser",
    "show": "web.notebook",
    "write_report": "comparison",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module 'ralhe' has no attribute {name!r}")
    with needing("render"):
        module = importlib.import_module(f"ralhe.{_LATER[name]}")
    return module if name == _LATER[name] else getattr(module, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def encode(gaussians: Gaussians, **options: Unpack[EncodeOptions]) -> bytes:
    """Compresses a scene; `encode_report` says what it takes. Needs the `encode` extra."""
    return encode_report(gaussians, **options).data


def encode_report(gaussians: Gaussians, **options: Unpack[EncodeOptions]) -> EncodeReport:
    """Compresses a scene and tells what became of it: see `ralhe.encoding.encode` for options and errors."""
    with needing("encode"):
        from ralhe import encoding

    return encoding.encode(gaussians, **options)


def encode_ladder(
    gaussians: Gaussians, sizes: Sequence[int], **options: Unpack[LadderOptions]
) -> tuple[EncodeReport, ...]:
    """Compresses a scene to several sizes in bytes, sooner than by as many encodes.

    See `ralhe.encoding.encode_ladder` for options and errors.
    """
    with needing("encode"):
        from ralhe import encoding

    return encoding.encode_ladder(gaussians, sizes, **options)


def read(path: str | Path) -> Gaussians:
    """The scene in a .ply, .compressed.ply, .spz or .ralhe file; the content decides the format.

    Raises SceneError or BitstreamError for bad content, OSError where the file cannot be read.
    """
    path = Path(path)
    if path.is_fifo():  # formats are told by a first look
        raise SceneError(f"{path.name}: is a pipe, which can be read only once; write it to a file first")
    return decode(path.read_bytes(), name=path.name) if is_stream(path) else files.read(path)


def write(path: str | Path, gaussians: Gaussians) -> None:
    """Writes a scene as .ply (exact), .spz (quantised) or .ralhe (1 MB, preset "default", by the `encode` extra).

    Raises SceneError for another suffix, or a scene that the format cannot hold, OSError where it cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != SUFFIX:
        files.write(path, gaussians)
        return
    data = encode(gaussians, size=DEFAULT_SIZE)
    with files.whole_file(path) as stream:
        stream.write(data)
