"""Do views of our own making judge scenes as the views that came with them do?

    python benchmarks/viewpoints.py SCENES_FOLDER VIEWS_FOLDER --scenes pod guitar [--streams FOLDER]
    python benchmarks/viewpoints.py SCENES_FOLDER VIEWS_FOLDER --scenes mic playbot --sheets docs/views

Each NAME.ply is degraded in a dozen ways, and every version is measured over the test views of VIEWS_FOLDER/NAME
(or NAME.views.json) and over those that are placed without looking at them; streams named NAME*.ralhe join in. The
first table holds mean PSNR in dB, the second how well its two columns agree. --sheets draws NAME.webp instead, our
twelve test views above the given ones, and measures nothing.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

import ralhe
from ralhe import cameras
from ralhe.cameras import View
from ralhe.coordinates import in_ply_axes
from ralhe.fit.pictures import spread
from ralhe.gaussians import Gaussians
from ralhe.metrics import psnr
from ralhe.rasteriser import Splats, render
from ralhe.viewpoints import place_views

CAP = 100.0  # dB of a picture without error
SIZE = (400, 300)  # pictures are shrunk to fit
VIEWS = 12  # of each kind at most
TILE = (200, 150)  # of a sheet
COLUMNS = 4

Pictures = list[npt.NDArray[np.float32]]


def degraded(scene: Gaussians) -> Iterator[tuple[str, Gaussians]]:
    """Versions of a scene, by names."""
    sizes = np.sort(scene.log_scales, axis=1)[:, 1:].sum(axis=1)
    order = np.argsort(-(np.log(np.maximum(scene.opacities, 1e-9)) + sizes), kind="stable")
    for percent in (70, 50, 30):
        yield f"pruned to {percent} %", scene.take(np.sort(order[: len(scene) * percent // 100]))
    for degree in range(min(2, scene.sh_degree)):
        yield f"SH degree {degree}", scene.with_sh_degree(degree)
    low, high = np.quantile(scene.positions, (0.01, 0.99), axis=0)
    for bits in (11, 10, 9):
        cell = (high - low).max() / 2**bits
        yield f"grid of 2^{bits}", replace(scene, positions=rounded(scene.positions, cell))
    for step in (0.25, 0.5, 1.0):
        yield f"attributes in steps of {step}", replace(
            scene,
            log_scales=rounded(scene.log_scales, step),
            opacity_logits=rounded(np.clip(scene.opacity_logits, -10, 10), step),
            sh=rounded(scene.sh, 0.3 * step),
        )
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ralhe.write(Path(folder) / "scene.spz", scene)
        yield "SPZ", in_ply_axes(ralhe.read(Path(folder) / "scene.spz"))


def rounded(values: npt.NDArray[np.float32], step: float) -> npt.NDArray[np.float32]:
    """Values in whole steps."""
    return (step * np.round(values / step)).astype(np.float32)


def pictures(scene: Gaussians, views: Sequence[View], size: tuple[int, int]) -> Pictures:
    """[H, W, 3] in [0, 1] for each view, on black."""
    splats = Splats.of(scene)
    return [render(splats, view.camera.within(*size)).colour.clamp(0, 1).numpy() for view in views]


def mean_psnr(references: Pictures, shown: Pictures) -> float:
    """dB."""
    return float(np.mean([min(CAP, psnr(a, b)) for a, b in zip(references, shown, strict=True)]))


def spearman(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    """Correlation of ranks; equal values share a rank."""
    first, second = (np.array([(v < x).sum() + 0.5 * (v == x).sum() for x in v], float) for v in (a, b))
    return float(np.corrcoef(first, second)[0, 1])


def kendall(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    """Pairs in the same order less those in the other, over all pairs."""
    first, second = np.triu_indices(len(a), 1)
    return float(np.mean(np.sign(a[first] - a[second]) * np.sign(b[first] - b[second])))


def sheet(path: Path, scene: Gaussians, sets: Sequence[Sequence[View]]) -> None:
    """A contact sheet: the views of each set in rows, one set under another."""
    rows = [views[i : i + COLUMNS] for views in sets for i in range(0, len(views), COLUMNS)]
    picture = Image.new("RGB", (COLUMNS * TILE[0], len(rows) * TILE[1]))
    for y, row in enumerate(rows):
        for x, tile in enumerate(pictures(scene, row, TILE)):
            margin = (TILE[0] - tile.shape[1]) // 2
            picture.paste(Image.fromarray((255 * tile + 0.5).astype(np.uint8)), (x * TILE[0] + margin, y * TILE[1]))
    picture.save(path, quality=80, method=6)


def rows_of(
    scene: Gaussians, versions: Iterable[tuple[str, Gaussians]], sets: Sequence[Sequence[View]]
) -> Iterator[tuple[str, list[float]]]:
    """Name and mean PSNR over each set of views, for each version of a scene."""
    references = [pictures(scene, views, SIZE) for views in sets]
    for version, changed in versions:
        shown = (pictures(changed, views, SIZE) for views in sets)
        yield version, [mean_psnr(*pair) for pair in zip(references, shown, strict=True)]


def measure(name: str, scene: Gaussians, sets: Sequence[Sequence[View]], streams: Path | None) -> str:
    """Prints a row for each version of a scene; how well our views and the given ones agree on them."""
    paths = sorted(streams.glob(f"{name}*.ralhe")) if streams else []
    decoded = ((path.stem, in_ply_axes(ralhe.read(path))) for path in paths)
    rows = []
    for version, row in rows_of(scene, chain(degraded(scene), decoded), sets):
        print(f"{name}\t{version}\t{row[0]:.2f}\t{row[1]:.2f}", flush=True)
        rows.append(row)
    a, b = np.array(rows).T
    numbers = spearman(a, b), kendall(a, b), np.abs(a - b).mean(), a.mean(), b.mean()
    return "\t".join([name, str(len(rows)), *(f"{x:.2f}" for x in numbers)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes_folder", type=Path, help="holds NAME.ply")
    parser.add_argument("views_folder", type=Path, help="holds NAME.views.json, or a folder NAME with cameras")
    parser.add_argument("--scenes", nargs="+", required=True)
    parser.add_argument("--streams", type=Path, help="holds NAME*.ralhe")
    parser.add_argument("--sheets", type=Path)
    arguments = parser.parse_args()
    summary = ["scene\tversions\tSpearman\tKendall\tmean |ours - given| dB\tours dB\tgiven dB\tseconds to place"]
    if not arguments.sheets:
        print("scene\tversion\tours dB\tgiven dB")
    for name in arguments.scenes:
        scene = ralhe.read(arguments.scenes_folder / f"{name}.ply")
        file = arguments.views_folder / f"{name}.views.json"
        given = spread(cameras.read(file if file.exists() else arguments.views_folder / name).test, VIEWS)
        began = time.monotonic()
        ours = spread(place_views(scene).test, VIEWS)
        seconds = time.monotonic() - began
        if arguments.sheets:
            sheet(arguments.sheets / f"{name}.webp", scene, (ours, given))
        else:
            summary.append(f"{measure(name, scene, (ours, given), arguments.streams)}\t{seconds:.1f}")
    if not arguments.sheets:
        print("", *summary, sep="\n")


if __name__ == "__main__":
    main()
