"""Bytes to Gaussians, section by section."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ralhe.core.instance import Instance
from ralhe.core.records import Section, container_fields, scene_fields
from ralhe.errors import BitstreamError
from ralhe.gaussians import COORDINATES, Array, Coordinates, Gaussians

TALLY = ("opacity", "colour", "shape", "harmonics")


@dataclass(frozen=True)
class StreamInfo:
    """What header and table say, before anything is decoded."""

    version: int
    sh_degree: int
    antialiased: bool
    coordinates: Coordinates
    bounding_box: tuple[tuple[float, ...], tuple[float, ...]]  # of the source, scene units
    contracted: bool
    depth: int
    lookahead: int
    leaves: int  # Gaussians in the stream
    source_gaussians: int  # Gaussians of the scene it was made of
    hidden: tuple[int, int, int]  # widths of the entropy networks (base, harmonics) and of the synthesis network
    sections: tuple[Section, ...]
    size: int  # bytes of the whole stream

    @property
    def level_ends(self) -> tuple[tuple[int, int], ...]:
        """(level, bytes): the prefix of so many bytes decodes to the nodes of that level."""
        return tuple((s.last_level + 1, s.offset + s.length) for s in self.sections if s.kind == "attributes")

    def sections_upto(self, level: int | None) -> int:
        """How many sections the nodes of a level need, or those of the next coarser one there is; None: all."""
        ends = {i + 1: s.last_level + 1 for i, s in enumerate(self.sections) if s.kind == "attributes"}
        if level is None or all(reached <= level for reached in ends.values()):
            return len(self.sections)
        return max((count for count, reached in ends.items() if reached <= level), default=0)


class Decoder:
    """Decodes one stream. Raises BitstreamError for whatever is wrong with it, and for all that is asked of it once a
    section has turned out damaged."""

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        if not isinstance(data, bytes):
            try:
                data = bytes(memoryview(data))
            except TypeError:
                told = f"data is a {type(data).__name__}, expected the bytes of a stream; ralhe.read reads a file"
                raise BitstreamError(told) from None
        self._core = Instance()
        self._data = data
        self._next = 0  # section to decode
        self._address = self._core.put(data)
        self._core.check("decoder_open", self._address, len(data))
        self.info = self._read_info(data[4])

    def advance(self, available: int | None = None, level: int | None = None) -> int:
        """Decodes what lies whole in the first `available` bytes, up to nodes of `level`; the level reached."""
        end = len(self._data) if available is None else min(available, len(self._data))
        for section in self.info.sections[self._next : self.info.sections_upto(level)]:
            if section.offset + section.length > end:
                return self.level
            self._core.check("decoder_advance", end)
            self._next += 1
        if self._next == len(self.info.sections):
            self._core.check("decoder_advance", end)  # nothing may follow
        return self.level

    @property
    def level(self) -> int:
        """Level whose nodes have attributes now; `info.depth` when all is decoded."""
        return scene_fields(self._core).level

    def gaussians(self) -> Gaussians:
        """The nodes of the level reached, in Morton order. Raises BitstreamError before the first level."""
        core, info = self._core, self.info
        core.check("decoder_output")
        address = core.pointer("output_arrays")
        n, *arrays = (int(x) for x in core.copy(address, (6,), np.uint32))
        coefficients = (info.sh_degree + 1) ** 2
        shapes = [(n, 3), (n, 3), (n, 4), (n,), (n, coefficients, 3)]
        positions, log_scales, rotations, opacities, sh = (
            self._array(a, shape) for a, shape in zip(arrays, shapes, strict=True)
        )
        return Gaussians(positions, log_scales, rotations, opacities, sh, info.antialiased, info.coordinates)

    def tally(self) -> dict[str, float]:
        """Decodes what has not been decoded yet and says how many bits of it went to each kind of attribute."""
        self._core.call("tally_bits", 1)
        self.advance()
        bits = self._core.copy(self._core.pointer("tally_bits", 0), (4,), np.float64)
        return dict(zip(TALLY, bits.tolist(), strict=True))

    def _array(self, address: int, shape: tuple[int, ...]) -> Array:
        return self._core.copy(address, shape, np.float32) if shape[0] else np.zeros(shape, np.float32)

    def _read_info(self, version: int) -> StreamInfo:
        told, scene = container_fields(self._core), scene_fields(self._core)
        last = told.sections[-1] if told.sections else None
        return StreamInfo(
            version=version,
            sh_degree=told.sh_degree,
            antialiased=bool(told.flags & 1),
            coordinates=COORDINATES[told.coordinates],
            bounding_box=(told.bounding_box[:3], told.bounding_box[3:]),
            contracted=bool(scene.contracted),
            depth=scene.depth,
            lookahead=scene.lookahead,
            leaves=scene.leaves,
            source_gaussians=told.source_gaussians,
            hidden=(scene.base_width, scene.harmonic_width, scene.synthesis_width),
            sections=told.sections,
            size=last.offset + last.length if last else len(self._data),
        )
