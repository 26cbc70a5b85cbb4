"""Makes the golden streams and the digests of what they decode to.

    python -m tests.golden.make

Run it on purpose only: when a new version of the format makes the old streams unreadable. A stream that a released
decoder reads must decode to the same bits for ever, so a test that fails on a golden stream asks for a mend of the
decoder, never for new digests. The streams come from the core's encoder with networks of random weights and fixed
seeds; whatever the encoder learns to do better later leaves them as they are.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from ralhe import bitstream
from ralhe.gaussians import Gaussians
from tests.scenes import FIELDS, surface_codes, uniform_codes
from tests.streams import Made, make_stream

FOLDER = Path(__file__).parent
DIGESTS = FOLDER / "digests.json"


def streams() -> dict[str, Made]:
    """One stream for each part of the format that a decoder may get wrong."""
    return {
        "sh0": make_stream(surface_codes(3000, 9, seed=21), 9, 0, seed=21, hidden=(16, 0, 0), coordinates="RDF"),
        "sh3": make_stream(surface_codes(900, 10, seed=22), 10, 3, seed=22, hidden=(24, 16, 0), antialiased=True),
        "contracted": make_stream(
            uniform_codes(1200, 12, seed=23), 12, 1, seed=23, hidden=(12, 8, 0),
            contraction=(10.0, -20.0, 0.5, 0.75), origin=(-7.0, -6.5, -7.0), voxel=14.0 / 4096,
        ),
        "synthesis_and_basis": make_stream(
            surface_codes(800, 8, seed=24), 8, 2, seed=24, hidden=(8, 12, 16), has_basis=True, lookahead=3, spread=0.3,
        ),
        "deepest": make_stream(uniform_codes(300, 21, seed=25), 21, 0, seed=25, hidden=(4, 0, 4), lookahead=1),
    }  # fmt: skip


def digests_of(data: bytes) -> dict[str, dict[str, str]]:
    """By level, then by array: SHA-256 of the little-endian bytes."""
    levels = [level for level, _ in bitstream.info(data).level_ends]
    return {str(level): _digests(bitstream.decode(data, level=level)) for level in levels}


def _digests(gaussians: Gaussians) -> dict[str, str]:
    arrays = ((name, np.ascontiguousarray(getattr(gaussians, name), "<f4")) for name in FIELDS)
    return {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in arrays}


def main() -> None:
    """Writes the streams and digests.json beside this file."""
    known = {}
    for name, made in streams().items():
        (FOLDER / f"{name}.ralhe").write_bytes(made.data)
        known[name] = {"stream": hashlib.sha256(made.data).hexdigest(), "levels": digests_of(made.data)}
        print(f"{name}: {len(made.data):,} bytes, {len(made.codes):,} Gaussians")
    DIGESTS.write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    main()
