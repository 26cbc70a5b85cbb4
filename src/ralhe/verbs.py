"""What is done with a scene in whatever file it is: read, write, encode. The package's own names for these."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from ralhe import files
from ralhe.bitstream import SUFFIX, decode, is_stream
from ralhe.errors import SceneError
from ralhe.extras import needing
from ralhe.gaussians import Gaussians
from ralhe.options import EncodeOptions, LadderOptions

if TYPE_CHECKING:
    from ralhe.outcome import EncodeReport


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
    data = encode(gaussians)
    with files.whole_file(path) as stream:
        stream.write(data)
