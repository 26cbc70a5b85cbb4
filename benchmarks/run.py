"""Side by side with every peer, in one command: python -m benchmarks.run --help."""

from __future__ import annotations

import time
from pathlib import Path

import click
from tqdm import tqdm

from benchmarks import scenes as scene_folder
from benchmarks.codec import WHOLE, Codec
from benchmarks.codecs import CODECS, SETS, chosen
from benchmarks.results import FOLDER as RESULTS_FOLDER
from benchmarks.rows import DONE, Row
from benchmarks.scenes import Scene
from benchmarks.sweep import Sweep
from ralhe.cli.arguments import sizes_of
from ralhe.errors import RalheError

SIZES = "1MB,500kB,250kB,100kB"
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command(epilog=f"Codecs: {', '.join(CODECS)}. Names for several: {', '.join(SETS)}.")
@click.option("--scenes", "folder", type=FOLDER, required=True, help="Holds NAME.ply.")
@click.option("--views", type=FOLDER, help="Holds NAME.views.json, or NAME/photos; --scenes if not given.")
@click.option("--scene", "names", multiple=True, help="One scene, may be given again; all that have cameras if not.")
@click.option("--codec", "codecs", multiple=True, default=("quick",), show_default=True,
              help="A codec or a set of them, may be given again.")  # fmt: skip
@click.option("--size", "--sizes", "sizes", callback=sizes_of, default=SIZES, show_default=True,
              help="Sizes to ask for; codecs that take none make one row, whole.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=RESULTS_FOLDER,
              help="Folder of the tables.")  # fmt: skip
@click.option("--again", is_flag=True, help="Make rows anew that the table holds already.")
@click.option("--lock", type=click.Path(path_type=Path, dir_okay=False), help="Hold this file (flock) row by row, for"
              " machines on which other work does the same.")  # fmt: skip
def main(folder: Path, views: Path | None, names: tuple[str, ...], codecs: tuple[str, ...], sizes: dict[str, int],
         out: Path, again: bool, lock: Path | None) -> None:  # fmt: skip
    """Measure codecs on scenes at sizes, every row in the same way, and append the rows to OUT/results.tsv.

    Rows that the table holds are skipped, so an interrupted sweep goes on where it was; rows whose tool was missing
    are tried anew. Each row says what it was made with: commit, machine, load of the machine, time.

    \b
    python -m benchmarks.run --scenes ply --views shared --scene guitar
    python -m benchmarks.run --scenes ply --views shared --scene pod --codec baselines --size 1MB,500kB
    python -m benchmarks.run --scenes ply --views shared --codec ralhe-fast --again
    python -m benchmarks.tables && python -m benchmarks.page
    """
    unknown = [name for name in codecs if name not in CODECS and name not in SETS]
    if unknown:
        raise click.BadParameter(f"{unknown[0]} is none of {', '.join((*SETS, *CODECS))}", param_hint="--codec")
    try:
        found = scene_folder.find(folder, views or folder, names)
    except RalheError as error:
        raise click.UsageError(str(error)) from error

    def choose(scene: Scene) -> list[Codec]:
        return chosen(codecs, scene.gaussians.sh_degree)

    began = time.monotonic()
    left = Sweep(out, again, print, lock).left(found, choose, tuple(sizes))
    total = sum(len(task.sizes) for task in left)
    with tqdm(total=total, unit="row", disable=None) as bar:

        def tell(row: Row) -> None:
            bar.update()
            done = bar.n if not bar.disable else next(counter)
            eta = (time.monotonic() - began) / done * (total - done)
            tqdm.write(f"{done}/{total} {_line(row)}; about {eta / 60:.0f} min left")

        counter = iter(range(1, total + 1))
        sweep = Sweep(out, again, tell, lock)
        for task in left:
            sweep.work(task)
    click.echo(f"{total} rows made in {(time.monotonic() - began) / 60:.1f} min; the table is {out / 'results.tsv'}")


def _line(row: Row) -> str:
    head = f"{row['scene']} {row['codec']} {row['size']}"
    if row["status"] != DONE:
        return f"{head}: {row['status']}"
    size = f"{int(row['bytes']):,} bytes" if row["size"] == WHOLE else f"{int(row['bytes']):,}"
    photo = f", photos {row['photo_psnr']}" if row.get("photo_psnr") else ""
    return (
        f"{head}: {size}, {row['psnr']} dB{photo}, {int(row['gaussians']):,} Gaussians, "
        f"encode {row['encode_s']} s, decode {row['decode_s']} s"
    )


if __name__ == "__main__":
    main()
