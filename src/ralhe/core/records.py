"""What the core tells of its state: records of core.c and container.h, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ralhe.core.instance import Instance

KINDS = ("parameters", "geometry", "attributes")
SMALL_FIELDS, BOX_FIELDS, ROW_FIELDS, WORD = 5, 6, 8, 4  # of a container: words before its box, of it, of a row


@dataclass(frozen=True)
class Section:
    """A row of the table of sections."""

    kind: str
    first_level: int
    last_level: int
    offset: int  # bytes from the start of the stream
    length: int  # bytes
    count: int  # nodes of level last_level + 1
    crc: int  # CRC-32C of the bytes


class SceneFields(NamedTuple):
    """Of the scene that is coded or decoded, in the order of `scene_fields` in core.c."""

    depth: int
    lookahead: int
    leaves: int
    harmonics: int  # coefficients beyond the constant one
    level: int  # whose nodes have attributes now
    nodes: int  # of that level
    base_width: int  # of the entropy networks
    harmonic_width: int
    synthesis_width: int
    contracted: int  # 1 if it is
    channels: int  # of the attributes


class ContainerFields(NamedTuple):
    """Of header and table, in the order of `Container` in container.h."""

    flags: int
    sh_degree: int
    coordinates: int
    source_gaussians: int
    bounding_box: tuple[float, ...]  # low x, y, z, high x, y, z
    sections: tuple[Section, ...]


def scene_fields(core: Instance) -> SceneFields:
    """As they are now."""
    return SceneFields(*core.copy(core.pointer("scene_fields"), (len(SceneFields._fields),), np.uint32).tolist())


def container_fields(core: Instance) -> ContainerFields:
    """As they are now."""
    address = core.pointer("container_fields")
    flags, degree, coordinates, count, source = core.copy(address, (SMALL_FIELDS,), np.uint32).tolist()
    box = core.copy(address + WORD * SMALL_FIELDS, (BOX_FIELDS,), np.float32).tolist()
    table = address + WORD * (SMALL_FIELDS + BOX_FIELDS)
    rows = core.copy(table, (count, ROW_FIELDS), np.uint32).tolist()
    sections = tuple(Section(KINDS[kind], *rest) for kind, *rest, _reserved in rows)
    return ContainerFields(flags, degree, coordinates, source, tuple(box), sections)
