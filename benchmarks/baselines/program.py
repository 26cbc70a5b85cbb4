"""A baseline as a program of its own, so that its time and memory are those of a process.

    python -m benchmarks.baselines.program prepare scene.ply models 1MB,500kB [pruned]
    python -m benchmarks.baselines.program encode gpcc models folder 1MB,500kB
    python -m benchmarks.baselines.program decode file scene.ply

prepare writes what all designs code, with the seconds that it took. encode prints a line of JSON for each size: seconds
until its file was whole, those of prepare included, and a note or a failure.
"""

from __future__ import annotations

import json
import pickle
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

import ralhe
from benchmarks.baselines import container, gpcc, model
from benchmarks.baselines.container import Geometry
from benchmarks.baselines.model import Model
from benchmarks.baselines.paper import Paper
from benchmarks.source import look
from ralhe import files
from ralhe.coordinates import in_ply_axes
from ralhe.gaussians import Gaussians
from ralhe.prepare import Voxelised, gaussians_of
from ralhe.sizes import parse_size

BITS_PER_GAUSSIAN = {0: 54.0, 1: 56.0, 2: 60.0, 3: 62.0}
"""By degree of the harmonics: what pruning counts on, as the plan of ralhe does; from a sweep, docs/benchmarks.md."""


class Design(Protocol):
    """How attributes are coded."""

    def encode(self, made: Model, size: int) -> bytes | None:
        """At most `size` bytes, or None where that is too few."""

    def decode(self, data: bytes, geometry: Geometry) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
        """[N] opacity logits and [N, K, 3] coefficients of the harmonics."""


class Gpcc:
    """RAHT and adaptive arithmetic coding."""

    def encode(self, made: Model, size: int) -> bytes | None:
        scene = made.scene
        values = gpcc.channels_of(scene.opacity_logits, scene.sh)
        return gpcc.encode_to(gpcc.transform(values, scene.codes, scene.grid.depth), size)

    def decode(self, data: bytes, geometry: Geometry) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
        channels = 1 + 3 * geometry.coefficients
        return gpcc.attributes_of(gpcc.decode(data, geometry.codes, geometry.grid.depth, channels))


DESIGNS: dict[str, type[Design]] = {"gpcc": Gpcc, "paper": Paper}


@dataclass(frozen=True)
class Prepared:
    """What the stream of a size is made from."""

    model: Model
    seconds: float  # from the start until it was there


def prepare(ply: Path, out: Path, labels: list[str], pruned: bool) -> None:
    """Models by size: one for all sizes, or from the largest size down one of what each has room for."""
    began = time.monotonic()
    sizes = sorted({parse_size(label) for label in labels}, reverse=True)
    source = look(in_ply_axes(ralhe.read(ply)))
    bits, kept, found = BITS_PER_GAUSSIAN[source.given.sh_degree], len(source.cleaned), dict[int, Prepared]()
    for size in sizes:
        if pruned or not found:
            count = min(kept, round(8 * size / bits)) if pruned else kept
            made, source = model.prepare(source, count, size)
        found[size] = Prepared(made, time.monotonic() - began)
    with files.whole_file(out) as stream:
        pickle.dump(found, stream)


def encode(name: str, models: Path, folder: Path, labels: list[str]) -> None:
    """Files of all sizes, from the largest down."""
    began = time.monotonic()
    design = DESIGNS[name]()
    by_bytes = {parse_size(label): label for label in labels}
    prepared: dict[int, Prepared] = pickle.loads(models.read_bytes())
    for size in sorted(by_bytes, reverse=True):
        made = prepared[size].model
        geometry = container.encode_geometry(made)
        head = container.join([name.encode(), geometry])
        room = size - len(head) - container.LENGTH.size
        data = design.encode(made, room) if room > 0 else None
        scene, book = made.scene, made.codebook
        note = f"{len(scene)} Gaussians, depth {scene.grid.depth}, codebook {len(book.entries)}"
        note += f", geometry {len(geometry)} bytes"
        known: dict[str, object] = {"size": by_bytes[size], "note": note}
        if data is None:
            known["failure"] = f"does not fit: {note}"
        else:
            known["note"] = f"{note}, {getattr(design, 'note', '')}".rstrip(", ")
            (folder / f"{by_bytes[size]}.{name}").write_bytes(head + container.join([data]))
        print(json.dumps(known | {"seconds": prepared[size].seconds + time.monotonic() - began}), flush=True)


def decode(file: Path) -> Gaussians:
    """The scene in a file."""
    name, geometry_bytes, data = container.split(file.read_bytes())
    geometry = container.decode_geometry(geometry_bytes)
    logits, sh = DESIGNS[name.decode()]().decode(data, geometry)
    weights = np.ones(len(logits))
    scene = Voxelised(geometry.grid, geometry.codes, logits, geometry.codebook.shapes, sh, weights)
    return replace(gaussians_of(scene), antialiased=geometry.antialiased)


def main() -> None:
    verb, *arguments = sys.argv[1:]
    if verb == "prepare":
        ply, out, sizes, *pruned = arguments
        prepare(Path(ply), Path(out), sizes.split(","), bool(pruned))
    elif verb == "encode":
        name, models, folder, sizes = arguments
        encode(name, Path(models), Path(folder), sizes.split(","))
    else:
        file, ply = arguments
        ralhe.write(ply, decode(Path(file)))


if __name__ == "__main__":
    main()
