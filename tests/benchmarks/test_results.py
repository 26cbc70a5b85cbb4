"""Tables and page say what the rows say."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import rows, tables
from benchmarks.page.__main__ import page
from benchmarks.results import Results, deltas
from benchmarks.rows import DONE, Row


def row(codec: str, size: str, count: int, psnr: float, **more: str) -> Row:
    """Of a scene called ball."""
    known = {"scene": "ball", "codec": codec, "size": size, "status": DONE, "bytes": str(count), "gaussians": "1000"}
    known |= {"psnr": f"{psnr:.2f}", "ssim": "0.9876", "sh_degree": "1", "encode_s": "12.3", "commit": "abc"}
    return dict.fromkeys(rows.COLUMNS, "") | known | more


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ours at twice the PSNR of a peer, which fails at the smallest size."""
    table = [row("ralhe-fast", "1MB", 1_000_000, 44.0), row("ralhe-fast", "500kB", 500_000, 40.0)]
    table += [row("spz", "whole", 1_900_000, 41.5)]
    table += [row("prune+spz", "1MB", 990_000, 41.0), row("prune+spz", "500kB", 499_000, 37.0)]
    table += [row("prune+spz", "100kB", 0, 0) | {"status": "failed: <it> broke", "bytes": "", "psnr": ""}]
    rows.write(tmp_path / "results.tsv", table)
    stream = {"scene": "ball", "codec": "ralhe-fast", "size": "1MB", "source_gaussians": "12345"}
    rows.write(tmp_path / "streams.tsv", [stream], rows.STREAM_COLUMNS)
    return tmp_path


def test_deltas_hold_ours_against_each_curve(folder: Path) -> None:
    (delta,) = deltas(Results.read(folder))
    assert (delta.codec, delta.ours) == ("prune+spz", "ralhe-fast")
    assert delta.bd_rate is not None
    assert -55 < delta.bd_rate < -35  # PSNR of the peer falls by 4 dB for half its bytes, ours is 3 dB above
    assert delta.bd_psnr is not None
    assert 2 < delta.bd_psnr < 3  # the peer's curve bends towards its whole scene


def test_a_thinned_curve_ends_in_the_whole_scene(folder: Path) -> None:
    assert Results.read(folder).curve("ball", "prune+spz").bytes.tolist() == [499_000, 990_000, 1_900_000]


def test_the_table_of_sizes_has_two_presets_in_a_cell_and_a_line_for_photos(folder: Path) -> None:
    lines = tables.size_table(Results.read(folder)).splitlines()
    assert lines[2:] == ["| ball, 12,345, 1 | (44.00) | (40.00) |  |  |"]
    rows.put(folder / "results.tsv", row("ralhe-default", "1MB", 990_000, 46.0, photo_psnr="35.10"))
    rows.put(folder / "results.tsv", row("ralhe-fast-given", "1MB", 990_000, 43.0, photo_psnr="35.20"))
    lines = tables.size_table(Results.read(folder)).splitlines()
    assert lines[2:] == [
        "| ball, 12,345, 1 | **46.00** (44.00) | (40.00) |  |  |",
        "| ball, its photos | **35.10** |  |  |  |",
        "| ball, its photos, given views | (35.20) |  |  |  |",
    ]


def test_a_scene_of_peers_alone_has_no_line(folder: Path) -> None:
    before = tables.size_table(Results.read(folder)), tables.ours_table(Results.read(folder))
    rows.put(folder / "results.tsv", row("spz", "whole", 900_000, 41.0) | {"scene": "cube"})
    assert (tables.size_table(Results.read(folder)), tables.ours_table(Results.read(folder))) == before


def test_the_table_of_presets_has_a_line_for_each(folder: Path) -> None:
    (line,) = tables.ours_table(Results.read(folder)).splitlines()[2:]
    assert line == "| ball | 12,345, 1 | fast | 44.00 (.9876) | 40.00 (.9876) |  |  | 12 | abc |"


def test_the_table_of_peers_has_a_line_for_each(folder: Path) -> None:
    lines = tables.peers_table(Results.read(folder)).splitlines()
    assert lines[2] == "| **ralhe** | 40.00 |"
    assert lines[3].startswith("| prune+spz | 37.00 (-")
    rows.put(folder / "results.tsv", row("decimate+spz-sh0", "500kB", 498_000, 36.0))
    lines = tables.peers_table(Results.read(folder)).splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["**ralhe**", "decimate+spz-sh0", "prune+spz"]


def test_tables_go_between_their_marks() -> None:
    text = "a\n<!-- peers table -->\nold\n<!-- end of peers table -->\nb"
    assert tables.insert(text, "peers", "new\n") == text.replace("old", "new")
    with pytest.raises(ValueError, match="no <!-- codec table -->"):
        tables.insert(text, "codec", "new\n")


def test_the_page_shows_curves_deltas_and_failures(folder: Path) -> None:
    html = page(folder)
    assert "<polyline" in html
    assert "failed: &lt;it&gt; broke" in html
    assert "1,900,000" in html
    assert "http" not in html.replace("http://www.w3.org", "")


def test_a_row_of_the_same_name_is_replaced_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "results.tsv"
    for one in (row("a", "1MB", 1, 30), row("b", "1MB", 2, 30), row("a", "1MB", 3, 30)):
        rows.put(path, one)
    assert [(r["codec"], r["bytes"]) for r in rows.read(path)] == [("a", "3"), ("b", "2")]
