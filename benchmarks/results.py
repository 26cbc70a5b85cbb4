"""What the table of a version says, ready to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

import ralhe
from benchmarks import rows
from benchmarks.codec import WHOLE
from benchmarks.measures.bjontegaard import Curve, bd_psnr, bd_rate
from benchmarks.process import ROOT
from benchmarks.rows import DONE, Row

FOLDER = ROOT / "benchmarks" / "results" / ralhe.__version__


def _that_holds_some(_context: click.Context, _parameter: click.Parameter, folder: Path) -> Path:
    if not (folder / "results.tsv").is_file():
        raise click.BadParameter(f"{folder} holds no results.tsv")
    return folder


RESULTS = click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default=FOLDER,
                         callback=_that_holds_some)  # fmt: skip
"""The argument of programs that show results: the folder of a version, this one's if not given."""

OURS = ("ralhe-default", "ralhe-best", "ralhe-fast", "ralhe-default-given", "ralhe-best-given", "ralhe-fast-given")
"""Presets, the one that others are held against first: of these the first that a scene has several sizes of."""


@dataclass(frozen=True)
class Results:
    """Rows of all scenes, and what our streams say of themselves."""

    rows: tuple[Row, ...]
    streams: tuple[Row, ...] = ()

    @classmethod
    def read(cls, folder: Path = FOLDER) -> Results:
        return cls(*(tuple(rows.read(folder / name)) for name in ("results.tsv", "streams.tsv")))

    @property
    def scenes(self) -> list[str]:
        return list(dict.fromkeys(row["scene"] for row in self.rows))

    def codecs(self, scene: str | None = None) -> list[str]:
        """In the order of the table."""
        return list(dict.fromkeys(row["codec"] for row in self.rows if scene in (None, row["scene"])))

    def find(self, scene: str, codec: str, size: str) -> Row | None:
        """The row, whatever came of it."""
        return next((r for r in self.rows if rows.key(r) == (scene, codec, size)), None)

    def measured(self, scene: str, codec: str) -> list[Row]:
        """Rows with a file, by rising size."""
        some = [r for r in self.rows if (r["scene"], r["codec"], r["status"]) == (scene, codec, DONE)]
        return sorted(some, key=lambda row: int(row["bytes"]))

    def extent(self, scene: str) -> str:
        """Gaussians of a scene that was encoded, and the degree of its harmonics."""
        count = next(row["source_gaussians"] for row in self.streams if row["scene"] == scene)
        degree = max(row["sh_degree"] for codec in OURS for row in self.measured(scene, codec))
        return f"{int(count):,}, {degree}"

    def curve(self, scene: str, codec: str) -> Curve:
        """Bytes and PSNR; a thinned packer's curve ends in the packer of the whole scene."""
        found = self.measured(scene, codec)
        _, plus, packer = codec.partition("+")
        if plus:
            found += [row for row in self.measured(scene, packer) if row["size"] == WHOLE]
        return Curve.of([(float(row["bytes"]), float(row["psnr"])) for row in found])

    def anchor(self, scene: str) -> str | None:
        """The preset of ours that others are held against."""
        return next((name for name in OURS if len(self.curve(scene, name)) > 1), None)


@dataclass(frozen=True)
class Delta:
    """Ours against another codec on one scene."""

    scene: str
    codec: str  # the other, the anchor of Bjontegaard's deltas
    ours: str
    bd_rate: float | None  # percent that ours needs more
    bd_psnr: float | None  # dB that ours is better


def deltas(results: Results) -> list[Delta]:
    """Of every codec that has at least two points."""
    out = []
    for scene in results.scenes:
        ours = results.anchor(scene)
        if ours is None:
            continue
        mine = results.curve(scene, ours)
        for codec in results.codecs(scene):
            theirs = results.curve(scene, codec)
            if codec not in OURS and len(theirs) > 1:
                out.append(Delta(scene, codec, ours, bd_rate(theirs, mine), bd_psnr(theirs, mine)))
    return out


def markdown(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table of Markdown."""
    body = [f"| {' | '.join(cells)} |" for cells in (heads, *lines)]
    return "\n".join([body[0], "|---" * len(heads) + "|", *body[1:]]) + "\n"
