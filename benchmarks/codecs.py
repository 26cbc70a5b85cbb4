"""Every codec that the sweep knows, by name."""

from __future__ import annotations

from benchmarks.baselines.codec import BASELINES
from benchmarks.codec import Codec
from benchmarks.ours import Ralhe
from benchmarks.peers.gsply import Gsply
from benchmarks.peers.packer import Packer, Whole
from benchmarks.peers.splat_transform import COMPRESSED_PLY, SOG, SOG_CUT, SPZ, SPZ_CUT
from benchmarks.peers.thinning import ByDecimation, ByImportance, Thinned
from benchmarks.peers.xz import Xz

PACKERS: tuple[Packer, ...] = (SPZ, SPZ_CUT, Gsply(), SOG_CUT, COMPRESSED_PLY, Xz(), SOG)
THINNED: tuple[Packer, ...] = (SPZ, SPZ_CUT, SOG_CUT, COMPRESSED_PLY, Xz(), SOG)
PEERS: tuple[Codec, ...] = (
    *(Whole(packer) for packer in PACKERS),
    *(Thinned(by, packer) for by in (ByDecimation(), ByImportance()) for packer in THINNED),
)
OURS: tuple[Codec, ...] = tuple(
    Ralhe(preset, given) for given in (False, True) for preset in ("fast", "default", "best")
)

CODECS: dict[str, Codec] = {codec.name: codec for codec in (*OURS, *PEERS, *BASELINES)}

SETS: dict[str, tuple[str, ...]] = {
    "peers": tuple(codec.name for codec in PEERS),
    "baselines": tuple(codec.name for codec in BASELINES),
    "quick": ("ralhe-fast", *(codec.name for codec in PEERS)),
    "all": tuple(CODECS),
}
"""Names that stand for several. Of `quick`, SOG is left out where a scene has harmonics: see SLOW_WITH_HARMONICS."""

SLOW_WITH_HARMONICS = ("sog", "decimate+sog", "prune+sog")
"""Five minutes for 40,000 Gaussians of degree 3 on a CPU; only `all`, `peers` and their own names ask for these."""


def chosen(names: tuple[str, ...], sh_degree: int) -> list[Codec]:
    """The codecs that names and sets stand for, each once. Raises KeyError for a name that is none."""
    out: dict[str, Codec] = {}
    for name in names:
        for one in SETS.get(name, (name,)):
            if not (name == "quick" and sh_degree and one in SLOW_WITH_HARMONICS):
                out[one] = CODECS[one]
    return list(out.values())
