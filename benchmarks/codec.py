"""Encodes scenes at several sizes and tabulates what came of it.

    python benchmarks/codec.py SCENES VIEWS results.tsv --scenes pod guitar --sizes 250kB 1MB --preset fast

SCENES holds NAME.ply; VIEWS holds NAME.views.json, or photos with cameras in NAME/photos. The sizes of a scene are made
as one ladder; its rows are appended as it ends, and rows already in the file are not made again. Each row: bytes,
Gaussians, depth, PSNR and SSIM over test views against renders of the source (and against photos), bits per Gaussian by
section, rms attribute error, seconds from the start of the ladder until the stream was whole, seconds and peak memory
of a process that decodes it. The encoder places its own views, or gets those to fit with --given.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

import ralhe
from ralhe import cameras, metrics
from ralhe.cameras import photos
from ralhe.rasteriser import Splats

ENCODE = """
import json, sys, ralhe
from ralhe import cameras
from ralhe.sizes import parse_size
scene, folder, sizes, preset, *given = sys.argv[1:]
views = cameras.read(given[0]) if given else None
reports = ralhe.encode_ladder(ralhe.read(scene), [parse_size(s) for s in sizes.split(",")], preset=preset, views=views)
fields = ("source_gaussians", "kept", "leaves", "depth", "sh_degree", "lmbda", "seconds", "bits", "attribute_error")
for size, report in zip(sizes.split(","), reports):
    open(f"{folder}/{size}", "wb").write(report.data)
    print(json.dumps({name: getattr(report, name) for name in fields}))
"""
DECODE = "import sys, ralhe; ralhe.decode(open(sys.argv[1], 'rb').read())"
PEAK = "import resource, sys; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
KINDS = ("geometry", "opacity", "colour", "shape", "harmonics", "parameters", "container")
ERRORS = ("opacity", "colour", "shape", "harmonics")
COLUMNS = ["scene", "target", "preset", "views", "commit", "bytes", "source_gaussians", "kept", "leaves", "depth",
           "sh_degree", "psnr", "worst_psnr", "ssim", "photo_psnr", "lmbda", *(f"bits_{k}" for k in KINDS),
           *(f"rms_{k}" for k in ERRORS), "until_s", "encode_MB", "decode_s", "decode_MB"]  # fmt: skip


def run(*arguments: str) -> tuple[str, float, float]:
    """Output, seconds and peak MB of a Python process; seconds and memory count its start."""
    began = time.monotonic()
    code = f"{arguments[0]}\n{PEAK}"
    result = subprocess.run([sys.executable, "-c", code, *arguments[1:]], check=True, capture_output=True, text=True)
    return result.stdout, time.monotonic() - began, int(result.stderr.split()[-1]) / 1000


def quality(scene: Path, decoded: ralhe.Gaussians, views: cameras.Views) -> dict[str, str]:
    """Mean PSNR and SSIM over the test views."""
    source, coded = Splats.of(ralhe.read(scene)), Splats.of(decoded)
    psnrs, ssims, photo_psnrs = [], [], []
    for view in views.test:
        with torch.no_grad():
            pair = (ralhe.render(s, view.camera, background=views.background).colour for s in (source, coded))
            wanted, got = (colour.clamp(0, 1).numpy() for colour in pair)
        psnrs.append(metrics.psnr(wanted, got))
        ssims.append(metrics.ssim(wanted, got))
        if view.photo is not None:
            photo_psnrs.append(metrics.psnr(photos.load(view, views.background), got))
    out = {"psnr": f"{np.mean(psnrs):.2f}", "worst_psnr": f"{min(psnrs):.2f}", "ssim": f"{np.mean(ssims):.4f}"}
    return out | {"photo_psnr": f"{np.mean(photo_psnrs):.2f}" if photo_psnrs else ""}


def measure(scene: Path, cameras_of: Path, sizes: list[str], preset: str, given: bool,
            commit: str) -> list[dict[str, object]]:  # fmt: skip
    """Rows of the table."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        looked_through = [str(cameras_of)] if given else []
        output, _, encode_mb = run(ENCODE, str(scene), folder, ",".join(sizes), preset, *looked_through)
        for size, line in zip(sizes, output.splitlines(), strict=True):
            rows.append(row_of(scene, cameras_of, size, Path(folder) / size, json.loads(line)))
            rows[-1] |= {"preset": preset, "views": views_word(given), "commit": commit}
            rows[-1]["encode_MB"] = f"{encode_mb:.0f}"
    return rows


def row_of(scene: Path, cameras_of: Path, size: str, stream: Path, report: dict[str, Any]) -> dict[str, object]:
    """What one stream is."""
    _, decode_s, decode_mb = min((run(DECODE, str(stream)) for _ in range(3)), key=lambda r: r[1])
    found = quality(scene, ralhe.decode(stream.read_bytes()), cameras.read(cameras_of))
    row: dict[str, object] = {"scene": scene.stem, "target": size, "bytes": stream.stat().st_size, **found}
    row |= {k: report[k] for k in ("source_gaussians", "kept", "leaves", "depth", "sh_degree")}
    row["lmbda"] = f"{report['lmbda']:.5g}"
    row |= {f"bits_{k}": f"{report['bits'].get(k, 0) / max(report['leaves'], 1):.2f}" for k in KINDS}
    row |= {f"rms_{k}": f"{report['attribute_error'].get(k, 0):.4f}" for k in ERRORS}
    return row | {"until_s": f"{report['seconds']:.0f}", "decode_s": f"{decode_s:.2f}", "decode_MB": f"{decode_mb:.0f}"}


def views_word(given: bool) -> str:
    """Whose views the encoder looked through."""
    return "given" if given else "own"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="holds NAME.ply for every scene")
    parser.add_argument("views", type=Path, help="holds NAME.views.json or NAME/photos for every scene")
    parser.add_argument("results", type=Path)
    parser.add_argument("--scenes", nargs="+", required=True)
    parser.add_argument("--sizes", nargs="+", default=["1MB", "500kB", "250kB", "100kB"])
    parser.add_argument("--preset", default="fast")
    parser.add_argument("--given", action="store_true", help="the encoder looks through the views to fit")
    arguments = parser.parse_args()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    done = set()
    if arguments.results.exists():
        with arguments.results.open() as file:
            done = {(r["scene"], r["target"], r["preset"], r["views"]) for r in csv.DictReader(file, delimiter="\t")}
    for name in arguments.scenes:
        listed = arguments.views / f"{name}.views.json"
        cameras_of = listed if listed.exists() else arguments.views / name / "photos"
        left = [s for s in arguments.sizes if (name, s, arguments.preset, views_word(arguments.given)) not in done]
        if not left:
            continue
        scene = arguments.folder / f"{name}.ply"
        rows = measure(scene, cameras_of, left, arguments.preset, arguments.given, commit)
        fresh = not arguments.results.exists()
        with arguments.results.open("a", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, delimiter="\t")
            if fresh:
                writer.writeheader()
            writer.writerows(rows)
        for row in rows:
            print(*(row[name] for name in COLUMNS), flush=True)


if __name__ == "__main__":
    main()
