"""Peers: thinning to a size, tools that are not there, and what a process took."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import ralhe
from benchmarks import process
from benchmarks.codecs import CODECS, SETS, chosen
from benchmarks.peers import gsply, thinning
from benchmarks.peers.splat_transform import SPZ
from benchmarks.process import Cost, ProgramError
from tests.scenes import sphere


class Grocer:
    """Packs a number into a file of so many bytes."""

    name, suffix = "grocer", ".bag"

    def __init__(self, overhead: int, each: float) -> None:
        self.overhead, self.each = overhead, each

    def pack(self, ply: Path, file: Path) -> Cost:
        file.write_bytes(bytes(self.overhead + int(self.each * int(ply.read_text()))))
        return Cost(1, 5)


def thin(count: int, out: Path) -> Cost:
    """Writes the number itself."""
    out.write_text(str(count))
    return Cost(2, 3)


@pytest.mark.parametrize(("overhead", "each"), [(0, 20.0), (3000, 15.0), (10, 230.0)])
@pytest.mark.parametrize("wanted", [100_000, 8000])
@pytest.mark.parametrize("guess", [thinning.USUAL_BYTES, 2.0, 400.0])
def test_thinning_comes_close_to_the_size(
    overhead: int, each: float, wanted: int, guess: float, tmp_path: Path
) -> None:
    found = thinning.search(thin, Grocer(overhead, each), 50_000, guess, wanted, tmp_path)  # type: ignore[arg-type]
    assert found.file is not None
    assert thinning.ENOUGH * wanted <= found.file.stat().st_size <= wanted
    assert found.cost.seconds == 3
    assert found.file.stat().st_size == overhead + int(each * found.count)


def test_a_scene_that_fits_is_not_thinned(tmp_path: Path) -> None:
    found = thinning.search(thin, Grocer(0, 2.0), 100, 2.0, 10_000, tmp_path)  # type: ignore[arg-type]
    assert (found.count, found.tries) == (100, 1)


def test_a_size_below_any_file_finds_none(tmp_path: Path) -> None:
    assert thinning.search(thin, Grocer(500, 2.0), 100, 7.0, 100, tmp_path).file is None  # type: ignore[arg-type]


def test_missing_tools_say_how_to_install_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, codec in (("shutil.which", SPZ), ("benchmarks.peers.gsply.find_spec", gsply.Gsply())):
        monkeypatch.setattr(name, lambda *_, **__: None)
        assert (codec.missing() or "").startswith("missing: ")
        assert "install with" in (codec.missing() or "")


def test_sets_name_codecs_and_leave_slow_ones_out() -> None:
    assert all(name in CODECS for names in SETS.values() for name in names)
    assert "sog" in [codec.name for codec in chosen(("quick",), sh_degree=0)]
    assert "sog" not in [codec.name for codec in chosen(("quick",), sh_degree=3)]
    assert "sog" in [codec.name for codec in chosen(("quick", "sog"), sh_degree=3)]


def test_a_process_is_not_charged_for_its_parent() -> None:
    held = np.ones(40_000_000)  # 320 MB here
    cost = process.run([sys.executable, "-S", "-c", "print('out')"])
    assert cost.output == "out\n"
    assert 0 < cost.megabytes < 100 < held.nbytes / 1e6
    assert process.run([sys.executable, "-S", "-c", "x = bytearray(150_000_000)"]).megabytes > 150


def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(ProgramError, match="ended with 1: ValueError: no"):
        process.run([sys.executable, "-c", "raise ValueError('no')"])
    with pytest.raises(ProgramError, match="no-such-program"):
        process.run(["no-such-program"])


@pytest.mark.parametrize("packer", [codec for name, codec in CODECS.items() if name in ("spz-gsply", "compressed.ply")])
def test_tools_that_are_there_pack_and_unpack(packer: object, tmp_path: Path) -> None:
    codec = packer.packer  # type: ignore[attr-defined]
    if codec.missing():
        pytest.skip(codec.missing())
    ply, out = tmp_path / "a.ply", tmp_path / "b.ply"
    ralhe.write(ply, sphere(300, degree=1))
    file = tmp_path / f"a{codec.suffix}"
    codec.pack(ply, file)
    codec.unpack(file, out)
    assert file.stat().st_size < ply.stat().st_size
    assert len(ralhe.read(out)) == 300
