"""ralhe compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ralhe.cli.arguments import SCENE, picture_size
from ralhe.cli.compilation import compilation_told
from ralhe.cli.failures import Failure, about, check_output, is_there, plain_words
from ralhe.cli.steady_bar import SteadyBar
from ralhe.errors import RalheError
from ralhe.progress import Progress
from ralhe.sizes import format_size

if TYPE_CHECKING:
    from ralhe.comparison import Comparison
    from ralhe.comparison.quality import SceneQuality, Summary


NAME = 40
"""Characters of a name in the table."""


@click.command()
@click.argument("reference", type=SCENE)
@click.argument("scenes", type=SCENE, nargs=-1, required=True)
@click.option("--report", type=SCENE, help="Write a page with pictures and tables to this .html file.")
@click.option("--cameras", type=SCENE, help="Cameras to look through: transforms.json, cameras.json, *.views.json or a"
              " folder with a COLMAP model; photos beside them are compared too.")  # fmt: skip
@click.option("--size", callback=picture_size, help="WIDTHxHEIGHT of placed views; cameras of a file shrink to it"
              " where it is given. Compare with photos at their own size: smaller, models look thicker.  [default:"
              " 800x600, or the cameras' own]")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print every view and the means as JSON; identical views count"
              " 100 dB.")  # fmt: skip
def compare(reference: Path, scenes: tuple[Path, ...], report: Path | None, cameras: Path | None,
            size: tuple[int, int] | None, as_json: bool) -> None:  # fmt: skip
    """Measure SCENES against REFERENCE (.ply, .compressed.ply, .spz or .ralhe, in any mix).

    Every scene is drawn from views that no encoder sees (those held out from fits, where a file of cameras holds some
    out) and compared with the reference drawn alike: PSNR and SSIM
    (higher is better), FLIP (lower is better), mean and worst view. Without --cameras the views are placed around or
    inside the reference.

    \b
    ralhe compare scene.ply scene.ralhe
    ralhe compare scene.ply small.ralhe large.ralhe other.spz --report report.html
    ralhe compare scene.ply scene.ralhe --cameras photos/       against the photos of a training, too
    ralhe compare scene.ply scene.ralhe --json                  for programs
    """
    with plain_words("render"):
        if report is not None:
            check_output(report, reference, *scenes)
            if report.suffix.lower() not in {".html", ".htm"}:
                raise Failure(f"{report}: a report is a page; name it .html")
        for path in (reference, *scenes, *([cameras] if cameras else [])):
            if not is_there(path):
                raise Failure(f"{path}: no such file")
        compare_files(reference, scenes, report=report, cameras=cameras, size=size, as_json=as_json)


def compare_files(reference: Path, scenes: tuple[Path, ...], *, report: Path | None = None,
                  cameras: Path | None = None, size: tuple[int, int] | None = None,
                  as_json: bool = False) -> Comparison:  # fmt: skip
    """Measures under a progress bar, prints the table or JSON alone, writes the report."""
    with SteadyBar() as bar:
        bar.update(Progress("starting", 0, 1))
        from ralhe import comparison
        from ralhe.comparison.record import record

        try:
            with compilation_told():
                found = comparison.compare(reference, *scenes, views=cameras, size=size, progress=bar.update)
        except RalheError as error:  # names its file
            raise Failure(str(error)) from error
        except OSError as error:
            raise Failure(f"{error.filename or reference}: {error.strerror or error}") from error
    click.echo(json.dumps(record(found), indent=2, allow_nan=False) if as_json else table(found))
    if report is not None:
        with about(report):
            comparison.write_report(report, found)
        click.echo(f"{report}: {format_size(report.stat().st_size)}, opens in any browser", err=as_json)
    return found


def table(found: Comparison) -> str:
    """The comparison in lines of at most 120 characters."""
    from ralhe.comparison.quality import Summary
    from ralhe.comparison.wording import labels

    scenes = (found.reference, *found.scenes)
    names = [shortened(label) for label in labels([scene.path for scene in scenes])]
    width = max(map(len, names))
    count = len(found.scenes[0].views)
    lines = [f"{count} view{'s' * (count != 1)} ({found.view_source}); mean, worst in brackets"]
    head = f"{'':{width}} {'size':>9} {'Gaussians':>10}  {'PSNR':>16} {'SSIM':>16} {'MS-SSIM':>8} {'FLIP':>6}"
    lines.append(head)
    for name, scene in zip(names, scenes, strict=True):
        lines.append(row(f"{name:{width}}", scene, Summary.of(scene.views)))
    if found.reference.photos:
        lines.append("against the photos")
        for name, scene in zip(names, scenes, strict=True):
            lines.append(row(f"{name:{width}}", scene, Summary.of(scene.photos)))
    return "\n".join(lines)


def shortened(name: str) -> str:
    """The name without its middle where it is long: folders tell files apart, endings formats."""
    return name if len(name) <= NAME else f"{name[: NAME // 2 - 3]}...{name[-NAME // 2 :]}"


def row(name: str, scene: SceneQuality, summary: Summary | None) -> str:
    """One scene of the table."""
    from ralhe.comparison.wording import mean_decibels, worst_decibels

    start = f"{name} {format_size(scene.bytes):>9} {scene.gaussians:>10,}"
    if summary is None:
        return f"{start}  {'the reference':>16}"
    psnr, worst = mean_decibels(summary), worst_decibels(summary)
    psnr += f" ({worst})" if psnr != worst else ""
    ssim = f"{summary.ssim:.4f} ({summary.worst_ssim:.4f})"
    multi = "-" if summary.ms_ssim is None else f"{summary.ms_ssim:.4f}"
    return f"{start}  {psnr:>16} {ssim:>16} {multi:>8} {summary.flip:>6.4f}"
