"""ralhe: trained 3D Gaussian splatting scenes as progressive streams of at most a megabyte.

    scene = ralhe.read("scene.ply")
    data = ralhe.encode(scene, size=500_000)
    coarse = ralhe.decode(data, max_bytes=100_000)
    ralhe.write("scene.spz", ralhe.decode(data))
    picture = ralhe.render(scene, camera)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from ralhe.bitstream import TruncatedNotice, decode, info
from ralhe.errors import BitstreamError, CameraError, RalheError, RateError, SceneError
from ralhe.extras import needing
from ralhe.files import SceneNotice
from ralhe.gaussians import Gaussians
from ralhe.options import EncodeOptions, LadderOptions
from ralhe.verbs import encode, encode_ladder, encode_report, read, write

if TYPE_CHECKING:
    from ralhe import cameras
    from ralhe.cameras import Camera
    from ralhe.comparison import Comparison, compare, write_report
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
