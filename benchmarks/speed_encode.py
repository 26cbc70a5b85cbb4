"""One encode with preset fast, for its time: python -m benchmarks.speed_encode scene.ply 500kB [WIDTHxHEIGHT]."""

from __future__ import annotations

import sys

import ralhe
from ralhe.fit.pictures import WIDE_SHARE
from ralhe.fit.presets import PRESETS
from ralhe.sizes import parse_size


def main() -> None:
    ply, size, *pixels = sys.argv[1:]
    scene, views = ralhe.read(ply), None
    if pixels:
        width, height = map(int, pixels[0].split("x"))
        count = PRESETS["fast"].pictures
        wide = round(WIDE_SHARE * count)
        views = ralhe.place_views(scene, fit=count - wide, test=0, wide=wide, size=(width, height))
    ralhe.encode(scene, size=parse_size(size), preset="fast", views=views)


if __name__ == "__main__":
    main()
