"""Cameras and photos of a scene, from every file that trainers read or leave behind.

read  -> folder -> colmap <- colmap_binary | colmap_text
                -> transforms | a file below
      -> JSON   -> transforms | inria | views_file -> frames -> Views
write -> views_file
"""

from __future__ import annotations

from pathlib import Path

from ralhe.cameras import colmap, inria, transforms, views_file
from ralhe.cameras.camera import Camera
from ralhe.cameras.document import parse
from ralhe.cameras.views import View, Views
from ralhe.errors import CameraError

__all__ = ["Camera", "View", "Views", "read", "write"]

IN_FOLDERS = ("transforms.json", "cameras.json")


def read(path: str | Path) -> Views:
    """The views in a file of cameras or in a folder that holds one; the content decides the dialect.

    Files: NeRF's and nerfstudio's transforms.json, INRIA's cameras.json, *.views.json. Folders, in this order:
    a COLMAP model (sparse/0, sparse or the folder itself), transforms_train.json with its siblings,
    transforms.json, cameras.json, one *.views.json.

    Rotations that are rounded or scaled become exact. Views without a split are split by name, every eighth
    held out. Photos are found, not opened, unless the size of a picture or the background depends on them.
    Raises CameraError, naming file, view and field, for content that is no camera, OSError when a file cannot
    be opened. Warns with SceneNotice about photos that are missing or show the distortion of a lens.
    """
    path = Path(path)
    return _read_folder(path) if path.is_dir() else _read_file(path)


def write(path: str | Path, views: Views) -> None:
    """Writes views as *.views.json; `ralhe.cameras.views_file.write` says more."""
    views_file.write(Path(path), views)


def _read_folder(folder: Path) -> Views:
    model = colmap.find(folder)
    if model:
        return colmap.read(model)
    if (folder / transforms.TRAIN).is_file():
        return transforms.read_folder(folder)
    own = sorted(folder.glob(f"*{views_file.SUFFIX}"))
    files = [path for path in (folder / name for name in IN_FOLDERS) if path.is_file()] or own
    if not files:
        raise CameraError(
            f"{folder.resolve().name}: holds no cameras; looked for sparse/0, sparse, images.bin, images.txt, "
            f"{transforms.TRAIN}, {', '.join(IN_FOLDERS)} and *{views_file.SUFFIX}"
        )
    if files == own and len(own) > 1:
        raise CameraError(f"{folder.resolve().name}: holds {len(own)} files *{views_file.SUFFIX}; name one of them")
    return _read_file(files[0])


def _read_file(path: Path) -> Views:
    document = parse(path)
    if isinstance(document, list):
        return inria.read(path, document)
    if isinstance(document, dict) and "frames" in document:
        return transforms.read(path, document)
    if isinstance(document, dict) and ("fit" in document or "test" in document):
        return views_file.read(path, document)
    raise CameraError(
        f"{path.name}: has none of the fields of a known file of cameras; expected frames (transforms.json), "
        f"a list (cameras.json), or fit and test ({views_file.SUFFIX})"
    )
