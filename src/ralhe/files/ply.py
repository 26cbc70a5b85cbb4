"""The .ply that trainers write, one property per number, as the code of the 3DGS paper (INRIA) laid it out.

Reading takes any order of properties, ascii or binary of either byte order, any scalar type. Spherical
harmonics lie channel by channel: f_rest_0 to f_rest_{K-1} are red, the next K green, the last K blue.
"""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from ralhe.coordinates import PLY_COORDINATES, convert
from ralhe.errors import SceneError
from ralhe.files.notice import notice
from ralhe.files.ply_header import Document, Rows, Tags, read_tags, tag_comments
from ralhe.gaussians import Array, Gaussians

POSITIONS = ("x", "y", "z")
NORMALS = ("nx", "ny", "nz")  # written as zeros, ignored without a notice: trainers leave them zero
SH_DC = ("f_dc_0", "f_dc_1", "f_dc_2")
OPACITY = ("opacity",)
LOG_SCALES = ("scale_0", "scale_1", "scale_2")
ROTATIONS = ("rot_0", "rot_1", "rot_2", "rot_3")

REST_BY_DEGREE = (0, 9, 24, 45)  # number of f_rest properties of SH degree 0 to 3
READ_ROWS = 1 << 12  # rows gathered at a time, so that they stay in the cache
WRITE_ROWS = 1 << 16


def decode(document: Document) -> Gaussians:
    """The scene in a parsed .ply.

    Values pass as they stand, NaN and infinities too; doubles are rounded to float32. Coordinates are those
    of the tag, else "unspecified". Raises SceneError when a property is missing or the number of f_rest
    properties fits no SH degree; warns once about properties and elements that a scene has no place for.
    """
    if "vertex" not in document.elements:
        raise SceneError(f"{document.name}: has no element vertex, so it holds no Gaussians")
    rows = document.elements["vertex"]
    rest = _rest_names(document)
    wanted = (*POSITIONS, *SH_DC, *rest, *OPACITY, *LOG_SCALES, *ROTATIONS)
    _check_properties(document, wanted)
    _notice_ignored(document, {*wanted, *NORMALS})
    tags = read_tags(document)
    by_coefficient = np.array(rest, dtype=object).reshape(3, -1).T.ravel()  # R, G, B of one after another
    return Gaussians(
        positions=_gather(rows, POSITIONS),
        log_scales=_gather(rows, LOG_SCALES),
        rotations=_gather(rows, ROTATIONS),
        opacity_logits=_gather(rows, OPACITY)[:, 0],
        sh=_gather(rows, (*SH_DC, *by_coefficient)).reshape(len(rows), 1 + len(rest) // 3, 3),
        antialiased=tags.antialiased,
        coordinates=tags.coordinates,
    )


def write(stream: BinaryIO, gaussians: Gaussians) -> None:
    """Write a scene as binary little endian float32, in the order of properties of the INRIA code.

    Consumers of this format read no coordinate tag and expect RDF, so a scene with a named system (an .spz
    is RUB) is converted to RDF and tagged so; an "unspecified" scene is written untouched and untagged.
    Apart from that, which flips signs only, reading the file back restores every bit.
    """
    if gaussians.coordinates != "unspecified":
        gaussians = convert(gaussians, PLY_COORDINATES)
    rest = REST_BY_DEGREE[gaussians.sh_degree]
    names = (*POSITIONS, *NORMALS, *SH_DC, *rest_names(rest), *OPACITY, *LOG_SCALES, *ROTATIONS)
    header = [
        "ply",
        "format binary_little_endian 1.0",
        *tag_comments(Tags(gaussians.antialiased, gaussians.coordinates)),
        f"element vertex {len(gaussians)}",
        *(f"property float {name}" for name in names),
        "end_header\n",
    ]
    stream.write("\n".join(header).encode("ascii"))
    for start in range(0, len(gaussians), WRITE_ROWS):
        block = gaussians.take(np.arange(start, min(start + WRITE_ROWS, len(gaussians))))
        stream.write(_rows(block).astype("<f4", copy=False).tobytes())


def rest_names(count: int) -> tuple[str, ...]:
    """f_rest_0 to f_rest_{count - 1}."""
    return tuple(f"f_rest_{i}" for i in range(count))


def _rows(block: Gaussians) -> Array:
    """[N, 17 + f_rest] the numbers of each Gaussian in the order of the file."""
    n = len(block)
    rest = block.sh[:, 1:].transpose(0, 2, 1).reshape(n, REST_BY_DEGREE[block.sh_degree])
    normals = np.zeros((n, 3), np.float32)
    logits = block.opacity_logits[:, None]
    parts = [block.positions, normals, block.sh[:, 0], rest, logits, block.log_scales, block.rotations]
    return np.concatenate(parts, axis=1)


def _rest_names(document: Document) -> tuple[str, ...]:
    """Names of the f_rest properties that the number of those present calls for."""
    count = sum(prop.startswith("f_rest_") for prop in document.properties("vertex"))
    if count not in REST_BY_DEGREE:
        raise SceneError(
            f"{document.name}: has {count} f_rest properties, expected 0, 9, 24 or 45 (SH degree 0 to 3); "
            "export it with SH degree 3 or lower"
        )
    return rest_names(count)


def _check_properties(document: Document, wanted: tuple[str, ...]) -> None:
    """Refuse rows without one of the properties, or with a list in its place."""
    for prop in wanted:
        if prop not in document.properties("vertex"):
            raise SceneError(f"{document.name}: has no property {prop}; export it as a 3D Gaussian splat .ply")
        if document.elements["vertex"].dtype[prop].kind == "O":
            raise SceneError(f"{document.name}: property {prop} is a list, expected one number per Gaussian")


def _notice_ignored(document: Document, known: set[str]) -> None:
    """One notice about everything in the file that is not the scene."""
    extra = [f"property {prop}" for prop in document.properties("vertex") if prop not in known]
    extra += [f"element {element}" for element in document.elements if element != "vertex"]
    if extra:
        notice(f"{document.name}: ignored {', '.join(extra)}")


def _gather(rows: Rows, names: tuple[str, ...]) -> Array:
    """[N, len(names)] the properties as float32."""
    gathered = np.empty((len(rows), len(names)), np.float32)
    with np.errstate(over="ignore"):
        for start in range(0, len(rows), READ_ROWS):
            block = rows[start : start + READ_ROWS]
            for column, prop in enumerate(names):
                gathered[start : start + READ_ROWS, column] = block[prop]
    return gathered
