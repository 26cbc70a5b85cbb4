"""Draws what a stream shows as it arrives, beside its source: docs/demo.png.

    python benchmarks/progress_picture.py scene.spz scene.ralhe cameras.json out.png --camera 5
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import ralhe
from ralhe import cameras
from ralhe.sizes import format_size, parse_size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scene", type=Path)
    parser.add_argument("stream", type=Path)
    parser.add_argument("cameras", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--camera", type=int, default=0)
    parser.add_argument("--bytes", nargs="+", default=["25kB", "70kB"], help="what has arrived, before all of it")
    parser.add_argument("--side", type=int, default=350, help="pixels of a picture")
    arguments = parser.parse_args()
    views, data = cameras.read(arguments.cameras), arguments.stream.read_bytes()
    camera = views.all[arguments.camera].camera.within(arguments.side, arguments.side)
    ends = [min(parse_size(size), len(data)) for size in arguments.bytes]
    scenes = [*(ralhe.decode(data[:end]) for end in (*ends, len(data))), ralhe.read(arguments.scene)]
    pictures = []
    for scene in scenes:
        with torch.no_grad():
            colour = ralhe.render(scene, camera, background=views.background).colour.clamp(0, 1)
        pictures.append((255 * colour.cpu().numpy()).round().astype(np.uint8))
    Image.fromarray(np.concatenate(pictures, axis=1)).save(arguments.out, optimize=True)
    print(", ".join(format_size(end) for end in (*ends, len(data))))


if __name__ == "__main__":
    main()
