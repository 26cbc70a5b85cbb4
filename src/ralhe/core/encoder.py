"""Leaves to sections: the encoding side of the core's one walk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ralhe.core.instance import Instance
from ralhe.core.records import Section, container_fields, scene_fields
from ralhe.errors import BitstreamError, SceneError
from ralhe.gaussians import Array
from ralhe.octree import Codes

SMALL_SECTION = 256
"""The first levels up to so many nodes share one section, and so do the last ones that add no more."""
MAX_SHARED_NODES = 2**18 - 1  # counts of inner levels are coded as Numbers


@dataclass(frozen=True)
class CodedSection:
    """A section's row of the table, its offset still to be set, and its bytes."""

    row: Section
    data: bytes


@dataclass(frozen=True)
class Recorded:
    """Merges as the entropy networks saw them, for training: every stride-th one."""

    base_inputs: Array  # [M, inputs]
    harmonic_inputs: Array  # [M, inputs]; no rows where the scene has no harmonics
    latents: npt.NDArray[np.int16]  # [M, channels]


@dataclass(frozen=True)
class Merges:
    """Every merge of the last walk in coding order, as rows of a table that starts with the mean of all in row 0."""

    lower: npt.NDArray[np.uint32]  # [N - 1] row that held the mean and keeps the lower side
    upper: npt.NDArray[np.uint32]  # [N - 1] row that receives the upper side
    share: Array  # [N - 1] of the lower side in the weight
    factor: Array  # [N - 1] the step of channel c is step[c] times this
    wanted: Array  # [N - 1, channels] what the latents would be without rounding
    curvature: Array  # [N - 1, channels] distortion of being wrong by one
    leaf_rows: npt.NDArray[np.uint32]  # [N] row of each leaf, in Morton order


@dataclass(frozen=True)
class Walked:
    """What one walk wrote."""

    parameters: CodedSection
    attributes: tuple[CodedSection, ...]


class Encoder:
    """Codes one voxelised scene, again and again under different parameters."""

    def __init__(self, header: bytes, codes: Codes, lookahead: int) -> None:
        """header: fixed part as `bitstream.Header` packs it; codes: ascending distinct Morton codes [N > 0]."""
        if not bool((codes[1:] > codes[:-1]).all()):
            raise SceneError("leaf codes must be distinct and in Morton order")
        self._core = Instance()
        self.reopen(header)
        address = self._core.put(codes)
        self._core.check("encoder_leaves", address)
        self._core.release(address)
        self._leaves = len(codes)
        self._depth = scene_fields(self._core).depth
        nodes = self._core.copy(self._core.pointer("encoder_nodes"), (self._depth + 1,), np.uint32)
        self.nodes: list[int] = nodes.tolist()
        self._attribute_spans = _spans(self.nodes)
        ahead = [min(last + lookahead, self._depth - 1) for _, last in self._attribute_spans]
        firsts = [0, *(last + 1 for last in ahead)]
        self._geometry_spans = [span for span in zip(firsts, ahead, strict=False) if span[0] <= span[1]]

    def reopen(self, header: bytes) -> None:
        """Takes other network widths, flags or fall of steps with weight, for the same leaves."""
        address = self._core.put(header)
        self._core.check("encoder_open", address, len(header))
        self._core.release(address)
        self.parameter_count = self._core.call("parameter_count")

    def geometry(self) -> tuple[CodedSection, ...]:
        """Occupancy of all levels."""
        if self._depth == 0:
            return ()
        first = len(container_fields(self._core).sections)
        for span in self._geometry_spans:
            self._core.check("encoder_geometry", *span)
        return tuple(self._sections(first))

    def set_targets(self, attributes: Array, weights: npt.NDArray[np.floating]) -> Array:
        """attributes [N, channels]; weights [N, 3] of squared errors of opacity, colour and shape.

        After `geometry`. Returns the mean of all as the decoder weighs it, [channels].
        """
        self.aim_at_targets()
        arrays = (attributes, weights, np.zeros(attributes.shape[1]))
        addresses = [self._core.put(np.ascontiguousarray(a, np.float32)) for a in arrays]
        self._core.check("encoder_targets", *addresses)
        root = self._core.copy(addresses[2], (attributes.shape[1],), np.float32)
        for address in addresses:
            self._core.release(address)
        return root

    def walk(self, parameters: npt.NDArray[np.int32], importance: npt.NDArray[np.floating], lmbda: float,
             record_every: int = 0) -> Walked:  # fmt: skip
        """Chooses latents of least weighted distortion + lmbda * bits, and codes them.

        importance [channels]: weight of a channel's squared error, on top of the Gaussians' own.
        record_every: every so many merges one is kept for `recorded`; 0 for none.
        """
        core = self._core
        address = core.put(np.ascontiguousarray(importance, np.float32))
        core.check("encoder_objective", address, float(lmbda), record_every)
        core.release(address)
        address = core.put(parameters)
        core.check("encoder_parameters", address, len(parameters))
        core.release(address)
        for span in self._attribute_spans if self._depth else []:
            core.check("encoder_attributes", *span)
        first, *rest = self._sections(0)
        return Walked(first, tuple(rest))

    def recorded(self) -> Recorded:
        """Merges kept by the last walk."""
        core = self._core
        n = core.call("recorded_merges")
        widths = [core.call("network_inputs", i) for i in (0, 1)]
        base = core.copy(core.pointer("recorded_inputs", 0), (n, widths[0]), np.float32)
        harmonic = np.zeros((0, widths[1]), np.float32)
        if scene_fields(core).harmonics:
            harmonic = core.copy(core.pointer("recorded_inputs", 1), (n, widths[1]), np.float32)
        return Recorded(base, harmonic, self.latents())

    def latents(self) -> npt.NDArray[np.int16]:
        """[M, channels] of the merges kept by the last walk."""
        core, shape = self._core, (self._core.call("recorded_merges"), self._channels())
        return core.copy(core.pointer("recorded_latents"), shape, np.int16)

    def list_merges(self) -> None:
        """Asks the walks to come to keep every merge for `merges`."""
        if not self._core.call("list_merges"):
            raise BitstreamError("the scene needs more memory than the core may use")

    def merges(self) -> Merges:
        """Every merge of the last walk, after `list_merges`."""
        core, n = self._core, self._leaves - 1
        rows = core.copy(core.pointer("listed_merges"), (n, 4), np.uint32)
        wanted = core.copy(core.pointer("listed_targets"), (n, self._channels()), np.float32)
        curvature = core.copy(core.pointer("listed_curvatures"), (n, self._channels()), np.float32)
        leaf_rows = core.copy(core.pointer("leaf_rows"), (self._leaves,), np.uint32)
        share, factor = (np.ascontiguousarray(rows[:, i]).view(np.float32) for i in (2, 3))
        return Merges(rows[:, 0], rows[:, 1], share, factor, wanted, curvature, leaf_rows)

    def aim_at_targets(self) -> None:
        """Aims the walks to come at the attributes of `set_targets`, as at the start."""
        self._core.check("aim_latents", 0, 0)

    def aim_latents(self, wanted: Array, curvature: Array) -> None:
        """Aims the walks to come at real-valued latents [N - 1, channels] in the order of `merges`.

        curvature [N - 1, channels]: distortion of missing one by one. After `list_merges`.
        """
        addresses = [self._core.put(np.ascontiguousarray(a, np.float32)) for a in (wanted, curvature)]
        self._core.check("aim_latents", *addresses)
        for address in addresses:
            self._core.release(address)

    def decoded(self) -> tuple[Array, Array]:
        """Leaves as the last walk decodes them: attributes before synthesis [N, channels], inputs of the
        synthesis network [N, 22]."""
        core, n = self._core, self._leaves
        shapes = [(n, self._channels()), (n, core.call("network_inputs", 2))]
        addresses = [core.pointer("memory_allocate", 4 * a * b) for a, b in shapes]
        core.check("encoder_decoded", *addresses)
        attributes, inputs = (core.copy(a, s, np.float32) for a, s in zip(addresses, shapes, strict=True))
        for address in addresses:
            core.release(address)
        return attributes, inputs

    def _channels(self) -> int:
        return scene_fields(self._core).channels

    def _sections(self, start: int) -> list[CodedSection]:
        """Those written since there were so many."""
        core, out = self._core, []
        for i, row in enumerate(container_fields(core).sections[start:], start):
            shape = (row.length,)
            data = core.copy(core.pointer("encoder_section", i), shape, np.uint8).tobytes() if row.length else b""
            out.append(CodedSection(row, data))
        return out


def _spans(nodes: list[int]) -> list[tuple[int, int]]:
    """Levels (first, last) whose merges share a section, from the nodes of every level."""
    depth = len(nodes) - 1
    base = max([0, *(level for level in range(depth) if nodes[level + 1] <= SMALL_SECTION)])
    tail = min([depth, *(level for level in range(base + 1, depth) if nodes[depth] - nodes[level] <= SMALL_SECTION)])
    if nodes[depth] > MAX_SHARED_NODES:
        tail = depth
    spans = [(0, base), *((level, level) for level in range(base + 1, tail))]
    return spans if tail >= depth else [*spans, (tail, depth - 1)]
