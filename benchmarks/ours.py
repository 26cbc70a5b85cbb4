"""ralhe itself: one ladder of sizes, as `ralhe encode --sizes` makes it.

    python -m benchmarks.ours encode scene.ply folder 1MB,500kB fast [cameras]
    python -m benchmarks.ours decode stream.ralhe scene.ply
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import ralhe
from benchmarks.codec import Coded
from benchmarks.process import Cost, python
from benchmarks.scenes import Scene
from ralhe import cameras
from ralhe.errors import RateError
from ralhe.sizes import parse_size

if TYPE_CHECKING:
    from ralhe.outcome import EncodeReport

KINDS = ("geometry", "opacity", "colour", "shape", "harmonics", "parameters", "container")
ERRORS = ("opacity", "colour", "shape", "harmonics")


@dataclass(frozen=True)
class Ralhe:
    """A preset. given: the encoder looks through the scene's views to fit, at their photos where they have them."""

    preset: str
    given: bool = False
    sized: bool = field(default=True, init=False)

    @property
    def name(self) -> str:
        return f"ralhe-{self.preset}{'-given' if self.given else ''}"

    def missing(self) -> str | None:
        return None

    def suits(self, scene: Scene) -> bool:
        return True

    def encode(self, scene: Scene, sizes: Sequence[str], folder: Path) -> Iterator[Coded]:
        """One process makes all sizes; seconds are those from its start until the stream was whole."""
        looked_through = [scene.cameras] if self.given else []
        cost = python("benchmarks.ours", "encode", scene.ply, folder, ",".join(sizes), self.preset, *looked_through)
        for size, line in zip(sizes, cost.output.splitlines(), strict=True):
            known = json.loads(line)
            if "failure" in known:
                yield Coded(size, None, cost, known["failure"])
                continue
            until = Cost(known.pop("seconds"), cost.megabytes)
            yield Coded(size, folder / f"{size}.ralhe", until, f"ladder of {','.join(sizes)}", known)

    def decode(self, file: Path, ply: Path) -> Cost:
        return python("benchmarks.ours", "decode", file, ply)


def encode(ply: Path, folder: Path, sizes: list[str], preset: str, given: Path | None) -> None:
    """Prints a line of JSON for each size."""
    views, wanted = cameras.read(given) if given else None, [parse_size(size) for size in sizes]
    made: dict[int, EncodeReport] = {}
    why = ""
    try:
        ralhe.encode_ladder(ralhe.read(ply), wanted, preset=preset, views=views, finished=made.__setitem__)
    except RateError as error:
        why = str(error)
    for name, size in zip(sizes, wanted, strict=True):
        if size in made:
            (folder / f"{name}.ralhe").write_bytes(made[size].data)
        print(json.dumps(_known(made[size]) if size in made else {"failure": why}))


def _known(report: EncodeReport) -> dict[str, str | float]:
    leaves = max(report.leaves, 1)
    known: dict[str, str | float] = {"seconds": report.seconds, "source_gaussians": str(report.source_gaussians)}
    known |= {"kept": str(report.kept), "depth": str(report.depth), "lmbda": f"{report.lmbda:.5g}"}
    known |= {f"bits_{kind}": f"{report.bits.get(kind, 0) / leaves:.2f}" for kind in KINDS}
    return known | {f"rms_{kind}": f"{report.attribute_error.get(kind, 0):.4f}" for kind in ERRORS}


def main() -> None:
    verb, *arguments = sys.argv[1:]
    if verb == "encode":
        ply, folder, sizes, preset, *given = arguments
        encode(Path(ply), Path(folder), sizes.split(","), preset, Path(given[0]) if given else None)
    else:
        file, ply = arguments
        ralhe.write(ply, ralhe.decode(Path(file).read_bytes()))


if __name__ == "__main__":
    main()
