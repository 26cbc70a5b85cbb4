"""Read and write trained scenes: `.ply`, `.compressed.ply` (read only) and `.spz`.

read  -> magic bytes -> ply_header -> ply | compressed_ply
                     -> spz_container -> spz
write -> suffix -> coordinates -> ply | spz_container <- spz -> whole_file
"""

from __future__ import annotations

from pathlib import Path

from ralhe.errors import SceneError
from ralhe.files import compressed_ply, ply, ply_header, spz, spz_container
from ralhe.files.notice import SceneNotice
from ralhe.files.whole_file import whole_file
from ralhe.gaussians import Gaussians

__all__ = ["SceneNotice", "read", "whole_file", "write"]


def read(path: str | Path) -> Gaussians:
    """The scene in a file; the content decides the format, never the name.

    Raises SceneError when the content is not a whole scene in a known format, and OSError when the file
    cannot be opened. Warns with SceneNotice about content that a scene has no place for.
    """
    path = Path(path)
    with path.open("rb") as stream:
        magic = stream.read(4)
    if magic.startswith(ply_header.MAGIC):
        document = ply_header.open_ply(path)
        if compressed_ply.is_compressed(document):
            return compressed_ply.decode(document)
        return ply.decode(document)
    if magic.startswith(spz_container.MAGICS):
        return spz.decode(path.read_bytes(), path.name)
    raise SceneError(
        f"{path.name}: not a .ply, .compressed.ply or .spz file; convert it to .ply first, "
        "for example with splat-transform"
    )


def write(path: str | Path, gaussians: Gaussians) -> None:
    """Write a scene as `.ply` (exact) or `.spz` (quantised); the suffix decides.

    The file appears under its name only when it is whole: an error or Ctrl-C leaves nothing behind and
    an earlier file of that name untouched. A named coordinate system becomes RDF in a `.ply` and RUB in
    an `.spz`, because viewers expect these and read no tag; `ralhe.files.ply.write` says more.

    Raises SceneError for another suffix or a scene that the format cannot hold, OSError when the folder
    cannot be written.
    """
    path = Path(path)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes[-2:] == [".compressed", ".ply"]:
        raise SceneError(f"{path.name}: .compressed.ply can only be read; write .ply or .spz")
    if suffixes[-1:] == [".ply"]:
        with whole_file(path) as stream:
            ply.write(stream, gaussians)
    elif suffixes[-1:] == [".spz"]:
        encoded = spz.encode(gaussians)
        with whole_file(path) as stream:
            stream.write(encoded)
    else:
        raise SceneError(f"{path.name}: no scene format has this suffix; write .ply or .spz")
