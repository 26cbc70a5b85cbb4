"""What stands in the report, read as text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ralhe.comparison.quality import PSNR_CAP, Comparison, Summary, ViewQuality, worst_first
from ralhe.comparison.report import write_report
from ralhe.comparison.wording import NOTHING
from ralhe.errors import SceneError

MakeComparison = Callable[..., Comparison]
Report = Callable[[Comparison], str]


class Tables(HTMLParser):
    """Rows of all tables as lists of the text in their cells."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._cell: list[str] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            assert self._cell is not None
            self.rows[-1].append(" ".join("".join(self._cell).split()))
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """Writes a comparison and returns the page."""

    def written(comparison: Comparison) -> str:
        write_report(tmp_path / "report.html", comparison)
        return (tmp_path / "report.html").read_text("utf-8")

    return written


def test_files_are_listed_with_sizes_ratios_and_means(report: Report, two_streams: Comparison) -> None:
    rows = Tables(report(two_streams)).rows
    dashes = [NOTHING] * 6
    assert ["scene.ply original", "3,500,000", "3.50 MB", "1.00", "14,000", "3", *dashes] in rows
    means = ["33.00", "30.00", "0.9000", "0.9000", "0.9500", "0.0500"]
    assert ["small.ralhe", "250,000", "250.0 kB", "14.0", "1,000", "2", *means] in rows
    assert ["scene.spz", "1,750,000", "1.75 MB", "2.00", "1,000", "2", "50.00", "49.00", *means[2:]] in rows


def test_the_original_is_judged_against_photos_too(report: Report, two_streams: Comparison) -> None:
    rows = Tables(report(two_streams)).rows
    assert ["scene.ply original", "36.00", "36.00", "0.9000", "0.9000", "0.9500", "0.0500"] in rows
    assert ["small.ralhe", "31.50", "31.50", "0.9000", "0.9000", "0.9500", "0.0500"] in rows
    assert ["mid", "30.00", "0.9000", "0.9500", "0.0500", "31.50", "36.00"] in rows


def test_views_come_worst_first(report: Report, two_streams: Comparison) -> None:
    rows = Tables(report(two_streams)).rows
    names = [row[0] for row in rows if row[0] in ("near", "mid", "far")]
    assert names == ["mid", "far", "near", "mid", "near", "far", "far", "near", "mid"]


def test_an_identical_view_has_no_number_and_counts_the_cap(report: Report, two_streams: Comparison) -> None:
    rows = Tables(report(two_streams)).rows
    assert any(row[:2] == ["far", "identical"] for row in rows)
    large = next(row for row in rows if row[0] == "large.ralhe")
    assert large[6] == f"{(41 + 38 + PSNR_CAP) / 3:.2f}"


def test_neither_nan_nor_infinity_is_printed(report: Report, two_streams: Comparison) -> None:
    nowhere = ViewQuality("near", math.nan, math.nan, math.nan, math.nan)
    scene = replace(two_streams.scenes[0], views=(nowhere, *two_streams.scenes[0].views[1:]))
    page = report(replace(two_streams, scenes=(scene, *two_streams.scenes[1:])))
    words = re.sub(r"data:image[^\"]*|'sha256-[^']*'", "", page)
    assert not re.search(r"\b(nan|NaN|inf|Infinity|None)\b", words.split("<script>")[0])
    first = next(row for row in Tables(page).rows if row[0] in ("near", "mid", "far"))
    assert first == ["near", *[NOTHING] * 4, "31.50", "36.00"]


def test_lpips_has_columns_only_where_it_was_measured(report: Report, two_streams: Comparison) -> None:
    assert "LPIPS" not in report(two_streams)
    measured = replace(two_streams.scenes[0].views[0], lpips=0.125)
    scene = replace(two_streams.scenes[0], views=(measured, *two_streams.scenes[0].views[1:]))
    rows = Tables(report(replace(two_streams, scenes=(scene,)))).rows
    assert next(row for row in rows if row[0] == "small.ralhe" and len(row) == 13)[-1] == "0.1250"


def test_bytes_are_told_by_section_and_level(report: Report, two_streams: Comparison) -> None:
    rows = Tables(report(two_streams)).rows
    assert ["geometry", "90,000", "36.0 %", "720.00"] in rows
    assert any(row[:5] == ["5", "512", "60,000", "109,000", "250,000"] for row in rows)


def test_bars_lie_end_to_end(report: Report, two_streams: Comparison) -> None:
    page = report(two_streams)
    bar = page[page.index('aria-label="bytes by kind of section"') :].split("</svg>")[0]
    spans = [tuple(map(float, m)) for m in re.findall(r'x="([\d.]+)" width="([\d.]+)"', bar)]
    assert spans == [(0, 40), (40, 360), (400, 596), (996, 4)]


def test_a_cut_stream_is_called_cut(report: Report, two_streams: Comparison) -> None:
    cut = replace(two_streams.scenes[0], bytes=100_000)
    page = report(replace(two_streams, scenes=(cut,)))
    assert "100.0 kB of 250.0 kB, the file is cut" in page
    assert ["geometry", "90,000", "36.0 %"] in Tables(page).rows


def test_one_scene_has_no_curve(report: Report, two_streams: Comparison) -> None:
    assert "Rate and distortion" in report(two_streams)
    assert "Rate and distortion" not in report(replace(two_streams, scenes=two_streams.scenes[:1]))


def test_views_without_pictures_are_listed_but_cannot_be_chosen(report: Report, two_streams: Comparison) -> None:
    scene = two_streams.scenes[0]
    kept = {view: image for view, image in scene.images.items() if view != "mid"}
    page = report(replace(two_streams, scenes=(replace(scene, images=kept),)))
    assert "pictures of the worst only" in page
    assert page.count("data-numbers=") == 2
    assert 'class="caption" aria-live="polite"><bdi class="name">far</bdi>' in page


def test_pictures_are_stored_once(report: Report, two_streams: Comparison) -> None:
    page = report(two_streams)
    found = re.search(r'<script type="application/json" id="pictures">(.*?)</script>', page)
    assert found is not None
    stored = json.loads(found[1])
    # Three originals and photos, a decoded picture and an error for each of three scenes; three are in the page.
    assert len(stored) == 3 + 3 + 3 * 3 * 2
    assert stored.count(None) == 3
    assert all(address is None or address.startswith("data:image/webp;base64,") for address in stored)


def test_nothing_outside_the_page_is_named(report: Report, two_streams: Comparison) -> None:
    page = report(two_streams)
    assert "://" not in page
    assert "default-src &#39;none&#39;" in page
    assert "unsafe" not in page


def test_names_are_escaped(report: Report, make_comparison: MakeComparison) -> None:
    hostile = "<script>alert('x')\"&"
    page = report(make_comparison({f"{hostile}.ralhe": {hostile: 30.0, f"{hostile}2": 31.0}}, reference=hostile))
    assert "<script>alert" not in page
    assert page.count("<script") == 2
    assert "&lt;script&gt;alert(&#39;x&#39;)&#34;&amp;.ralhe" in page


def test_a_name_that_is_no_text_is_written(report: Report, make_comparison: MakeComparison) -> None:
    assert "bad?name.ralhe" in report(make_comparison({"bad\udcffname.ralhe": {"a": 30.0}}))


def test_without_scenes_views_or_pictures_there_is_no_report(tmp_path: Path, two_streams: Comparison) -> None:
    path = tmp_path / "report.html"
    path.write_text("older")
    scene = two_streams.scenes[0]
    wrong = replace(scene, images={view: image[:-1] for view, image in scene.images.items()})
    for scenes, message in (
        ((), "scene.ply: nothing to compare it with"),
        ((replace(scene, views=()),), "small.ralhe: measured in no view"),
        ((replace(scene, images={}),), "small.ralhe: no picture of any view"),
        ((wrong,), r"small.ralhe: the picture of view 'mid' is \(71, 96, 3\)"),
    ):
        with pytest.raises(SceneError, match=message):
            write_report(path, replace(two_streams, scenes=scenes))
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_summary_of_views() -> None:
    views = [ViewQuality("a", 30.0, 0.9, None, 0.1), ViewQuality("b", math.inf, 1.0, 0.98, 0.0, 0.2)]
    summary = Summary.of(views)
    assert summary is not None
    assert (summary.psnr, summary.worst.view, summary.worst_ssim) == ((30 + PSNR_CAP) / 2, "a", 0.9)
    assert (summary.ms_ssim, summary.lpips, summary.flip) == (0.98, 0.2, 0.05)
    assert Summary.of([]) is None
    assert [view.view for view in worst_first([*views, ViewQuality("c", math.nan, 0, None, 1)])] == ["c", "a", "b"]
