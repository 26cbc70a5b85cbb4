"""A sweep goes on where it was, reports what is missing, and outlives a codec that fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner

import ralhe
from benchmarks import rows, run
from benchmarks.codec import WHOLE, Coded
from benchmarks.process import Cost, ProgramError
from benchmarks.scenes import Scene, find
from benchmarks.sweep import Sweep
from ralhe import cameras
from ralhe.errors import SceneError
from tests.scenes import sphere


@dataclass
class Cutter:
    """Keeps the first Gaussians as a .ply; counts what it was asked for."""

    name: str = "cutter"
    sized: bool = True
    absent: str | None = None
    fails: bool = False
    asked: list[str] = field(default_factory=list)

    def missing(self) -> str | None:
        return self.absent

    def suits(self, scene: Scene) -> bool:
        return True

    def encode(self, scene: Scene, sizes: Sequence[str], folder: Path) -> Iterator[Coded]:
        for size in sizes:
            self.asked.append(size)
            if self.fails:
                raise ProgramError("it broke")
            file = folder / f"{size}.ply"
            ralhe.write(file, scene.gaussians.take(slice(0, 50)))  # type: ignore[arg-type]
            yield Coded(size, file, Cost(1.5, 20.0), "cut")

    def decode(self, file: Path, ply: Path) -> Cost:
        ply.write_bytes(file.read_bytes())
        return Cost(0.5, 10.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scene with two small test views."""
    folder, gaussians = tmp_path_factory.mktemp("scenes"), sphere(200, degree=0)
    ralhe.write(folder / "ball.ply", gaussians)
    cameras.write(folder / "ball.views.json", ralhe.place_views(gaussians, fit=1, test=2, size=(176, 170)))
    return folder


def sweep(folder: Path, out: Path, codec: Cutter, sizes: tuple[str, ...], again: bool = False) -> list[rows.Row]:
    """Rows that were told of."""
    told: list[rows.Row] = []
    one = Sweep(out, again, told.append, out.parent / "lock")
    for task in one.left(find(folder, folder, ()), lambda _: [codec], sizes):
        one.work(task)
    return told


def test_rows_say_everything(folder: Path, tmp_path: Path) -> None:
    (row,) = sweep(folder, tmp_path / "out", Cutter(), ("2kB",))
    assert row["status"] == rows.DONE
    assert int(row["gaussians"]) == 50
    assert 0 < float(row["worst_psnr"]) <= float(row["psnr"]) < 60
    assert 0 < float(row["ssim"]) < 1
    assert 0 < float(row["ms_ssim_12"]) < 1
    assert 0 < float(row["flip_12"]) < 1
    assert (row["encode_s"], row["decode_MB"]) == ("1.50", "10")
    (stored,) = rows.read(tmp_path / "out" / "results.tsv")
    assert stored == dict.fromkeys(rows.COLUMNS, "") | row


def test_a_sweep_goes_on_where_it_was(folder: Path, tmp_path: Path) -> None:
    codec = Cutter()
    assert len(sweep(folder, tmp_path, codec, ("1kB", "2kB"))) == 2
    assert [row["size"] for row in sweep(folder, tmp_path, codec, ("1kB", "2kB", "3kB"))] == ["3kB"]
    assert codec.asked == ["1kB", "2kB", "3kB"]
    assert len(sweep(folder, tmp_path, codec, ("2kB",), again=True)) == 1
    assert [row["size"] for row in rows.read(tmp_path / "results.tsv")] == ["1kB", "2kB", "3kB"]


def test_a_missing_tool_is_a_row_until_it_is_there(folder: Path, tmp_path: Path) -> None:
    codec = Cutter(absent="missing: cutter, install with make cutter")
    (row,) = sweep(folder, tmp_path, codec, ("1kB",))
    assert row["status"] == "missing: cutter, install with make cutter"
    codec.absent = None
    sweep(folder, tmp_path, codec, ("1kB",))
    (row,) = rows.read(tmp_path / "results.tsv")
    assert row["status"] == rows.DONE


def test_a_failure_is_a_row_and_is_not_tried_again(folder: Path, tmp_path: Path) -> None:
    codec = Cutter(fails=True)
    assert [row["status"] for row in sweep(folder, tmp_path, codec, ("1kB", "2kB"))] == ["failed: it broke"] * 2
    assert sweep(folder, tmp_path, codec, ("1kB", "2kB")) == []
    assert codec.asked == ["1kB"]


def test_an_interrupt_leaves_whole_rows(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: Cutter, file: Path, ply: Path) -> Cost:
        if file.name.startswith("2"):
            raise KeyboardInterrupt
        ply.write_bytes(file.read_bytes())
        return Cost(0, 0)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Cutter, "decode", interrupted)
        sweep(folder, tmp_path, Cutter(), ("1kB", "2kB"))
    assert [row["size"] for row in rows.read(tmp_path / "results.tsv")] == ["1kB"]
    assert [row["size"] for row in sweep(folder, tmp_path, Cutter(), ("1kB", "2kB"))] == ["2kB"]


def test_two_sweeps_lose_no_row_of_one_table(tmp_path: Path) -> None:
    def put(own: int) -> None:
        for i in range(20):  # the first is put again and again, which writes the table anew
            rows.put(tmp_path / "t.tsv", {"scene": str(own), "codec": "c", "size": str(i % 2 and i), "note": str(i)})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, range(4)))
    found = [(r["scene"], r["size"]) for r in rows.read(tmp_path / "t.tsv")]
    assert sorted(found) == sorted((str(own), str(size)) for own in range(4) for size in (0, *range(1, 20, 2)))


def test_a_codec_without_sizes_makes_one_row(folder: Path, tmp_path: Path) -> None:
    told = sweep(folder, tmp_path, Cutter(sized=False), ("1kB", "2kB"))
    assert [row["size"] for row in told] == [WHOLE]


def test_a_scene_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(SceneError, match=r"cube\.ply"):
        find(folder, folder, ("cube",))


def test_the_command_packs_under_xz(folder: Path, tmp_path: Path) -> None:
    arguments = ["--scenes", str(folder), "--codec", "xz", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(run.main, arguments)
    assert result.exit_code == 0, result.output
    (row,) = rows.read(tmp_path / "out" / "results.tsv")
    assert row["psnr"] == "100.00"
    assert "0 rows made" in CliRunner().invoke(run.main, arguments).output


def test_the_command_names_codecs(folder: Path) -> None:
    result = CliRunner().invoke(run.main, ["--scenes", str(folder), "--codec", "zip"])
    assert result.exit_code == 2
    assert "zip is none of peers" in result.output
