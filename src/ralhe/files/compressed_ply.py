"""PlayCanvas' .compressed.ply, read only: 16 bytes per Gaussian in chunks of 256, plus bytes of SH.

An element `chunk` holds the range of each quantity over 256 Gaussians, `vertex` four packed words, and `sh`
(optional) one byte per coefficient. Layout after the PlayCanvas documentation and splat-transform's
decompress-ply, whose values this reader reproduces.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ralhe.errors import SceneError
from ralhe.files.ply import REST_BY_DEGREE, rest_names
from ralhe.files.ply_header import Document, read_tags
from ralhe.gaussians import SH_C0, Gaussians

CHUNK = 256  # Gaussians
PACKED = ("packed_position", "packed_rotation", "packed_scale", "packed_color")
POSITION_RANGE = ("min_x", "min_y", "min_z", "max_x", "max_y", "max_z")
SCALE_RANGE = ("min_scale_x", "min_scale_y", "min_scale_z", "max_scale_x", "max_scale_y", "max_scale_z")
COLOR_RANGE = ("min_r", "min_g", "min_b", "max_r", "max_g", "max_b")  # absent in early files: 0 to 1
SH_RANGE = 8.0  # the bytes of `sh` span -4 to 4

Words = npt.NDArray[np.uint32]
Reals = npt.NDArray[np.float64]


def is_compressed(document: Document) -> bool:
    """Whether a parsed .ply is of this dialect."""
    return "chunk" in document.elements and PACKED[0] in document.properties("vertex")


def decode(document: Document) -> Gaussians:
    """The scene in a parsed .compressed.ply.

    Opacity bytes 0 and 255 are exactly 0 and 1, so their logits are infinite. Raises SceneError when a
    property is missing, there are too few chunks, or the SH bytes fit neither the Gaussians nor a degree.
    """
    words: Words = np.stack([_column(document, "vertex", prop, "u4") for prop in PACKED], dtype=np.uint32)
    n = words.shape[1]
    chunks = len(document.elements["chunk"])
    if chunks < -(-n // CHUNK):
        raise SceneError(f"{document.name}: has {chunks} chunks for {n} Gaussians, expected one for every {CHUNK}")
    color = _unpack(words[3], (8, 8, 8, 8))
    base, alpha = color[:, :3], color[:, 3]
    if COLOR_RANGE[0] in document.properties("chunk"):
        base = _scale_to_chunk(document, COLOR_RANGE, base)
    with np.errstate(divide="ignore"):
        logits = np.log(alpha) - np.log1p(-alpha)
    positions = _scale_to_chunk(document, POSITION_RANGE, _unpack(words[0], (11, 10, 11)))
    log_scales = _scale_to_chunk(document, SCALE_RANGE, _unpack(words[2], (11, 10, 11)))
    tags = read_tags(document)
    return Gaussians(
        positions=positions.astype(np.float32),
        log_scales=log_scales.astype(np.float32),
        rotations=_unpack_rotations(words[1]).astype(np.float32),
        opacity_logits=logits.astype(np.float32),
        sh=np.concatenate([(base[:, None] - 0.5) / SH_C0, _sh_rest(document, n)], axis=1, dtype=np.float32),
        antialiased=tags.antialiased,
        coordinates=tags.coordinates,
    )


def _column(document: Document, element: str, prop: str, kind: str) -> npt.NDArray[Any]:
    """[rows] one property; refuses one that is missing or whose numpy type does not begin with `kind`."""
    if prop not in document.properties(element):
        raise SceneError(f"{document.name}: element {element} has no property {prop}; compress it again")
    column = document.elements[element][prop]
    if not column.dtype.str[1:].startswith(kind):
        raise SceneError(f"{document.name}: property {prop} of element {element} is {column.dtype}, expected {kind}")
    return column


def _unpack(words: Words, bits: tuple[int, ...]) -> Reals:
    """[N, len(bits)] fields of each word from the highest bit down, each mapped to 0..1."""
    shifts = 32 - np.cumsum(bits)
    fields = [(words >> np.uint32(s)) & np.uint32((1 << b) - 1) for s, b in zip(shifts, bits, strict=True)]
    return np.stack([f / ((1 << b) - 1) for f, b in zip(fields, bits, strict=True)], axis=1)


def _scale_to_chunk(document: Document, names: tuple[str, ...], unit: Reals) -> Reals:
    """[N, 3] values in 0..1 mapped to the ranges of their chunks; `names` are the minima, then the maxima."""
    ranges = np.stack([_column(document, "chunk", prop, "f") for prop in names], axis=1, dtype=np.float64)
    of_each = ranges[np.arange(len(unit)) // CHUNK]
    return of_each[:, :3] * (1 - unit) + of_each[:, 3:] * unit


def _unpack_rotations(words: Words) -> Reals:
    """[N, 4] quaternions w, x, y, z: two bits name the largest, ten bits each the others in their order."""
    others = (_unpack(words << np.uint32(2), (10, 10, 10)) - 0.5) * np.sqrt(2)
    largest = np.sqrt(np.maximum(0, 1 - (others**2).sum(axis=1, keepdims=True)))
    index = (words >> np.uint32(30))[:, None]
    place = np.arange(4)
    source = np.where(place < index, place, place - 1).clip(0)
    return np.where(place == index, largest, np.take_along_axis(others, source, axis=1))


def _sh_rest(document: Document, n: int) -> Reals:
    """[N, (degree + 1)**2 - 1, 3] coefficients above the constant one; none without an element `sh`."""
    if "sh" not in document.elements:
        return np.zeros((n, 0, 3))
    rows, count = len(document.elements["sh"]), len(document.properties("sh"))
    if rows != n or count not in REST_BY_DEGREE[1:]:
        raise SceneError(
            f"{document.name}: element sh has {rows} rows of {count} coefficients, "
            f"expected {n} rows of 9, 24 or 45; compress it again"
        )
    codes = np.stack([_column(document, "sh", prop, "u1") for prop in rest_names(count)], axis=1)
    unit = np.concatenate([[0.0], (np.arange(1, 255) + 0.5) / 256, [1.0]])
    rest: Reals = ((unit - 0.5) * SH_RANGE)[codes].reshape(n, 3, count // 3)
    return rest.transpose(0, 2, 1)
