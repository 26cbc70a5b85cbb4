"""Numbers and sentences of a report."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ralhe.comparison import wording
from ralhe.comparison.quality import Comparison, Summary

MakeComparison = Callable[..., Comparison]


def test_verdict_with_photos(two_streams: Comparison) -> None:
    small, large, _ = two_streams.scenes
    photos = "; 31.5 dB against the photos, where the original reaches 36.0 dB"
    said = wording.verdict(small, two_streams.reference)
    assert said == f"250.0 kB, 14 times smaller; 33.0 dB mean, worst view 30.0 dB{photos}"
    assert wording.verdict(large, two_streams.reference).startswith("500.0 kB, 7.0 times smaller; 59.7 dB mean")


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (35_000, "100 times smaller"),
        (3_200_000, "1.1 times smaller"),
        (3_499_000, "as large as the original"),
        (3_600_000, "1.03 times larger"),
        (7_000_000, "2.0 times larger"),
    ],
)
def test_verdict_on_sizes(two_streams: Comparison, size: int, said: str) -> None:
    scene = replace(two_streams.scenes[0], bytes=size)
    assert f", {said}; " in wording.verdict(scene, two_streams.reference)


def test_verdict_on_one_view_and_on_none_that_differs(make_comparison: MakeComparison) -> None:
    made = make_comparison({"a.ralhe": {"only": 34.0}, "b.ralhe": {"only": math.inf}, "c.ralhe": {"only": math.nan}})
    one, identical, unknown = (wording.verdict(scene, made.reference) for scene in made.scenes)
    assert one.endswith("; 34.0 dB in its one view")
    assert identical.endswith("; identical in every view")
    assert unknown.endswith("; quality not measured")


def test_the_worst_view_is_never_above_the_mean(make_comparison: MakeComparison) -> None:
    made = make_comparison({"a.ralhe": {"one": 165.0, "other": math.inf}, "b.ralhe": {"one": math.inf}})
    near, identical = (Summary.of(scene.views) for scene in made.scenes)
    assert near is not None and identical is not None
    assert (wording.mean_decibels(near), wording.worst_decibels(near)) == ("100.00", "100.00")
    assert wording.verdict(made.scenes[0], made.reference).endswith("100.0 dB mean, worst view 100.0 dB")
    assert (wording.mean_decibels(identical), wording.worst_decibels(identical)) == ("identical", "identical")


@pytest.mark.parametrize(("scene", "said"), [(250, "4.00"), (100, "10.0"), (10, "100"), (1010, "0.99"), (0, "1,000")])
def test_ratio(scene: int, said: str) -> None:
    assert wording.ratio(1000, scene) == said


def test_labels_tell_files_of_one_name_apart() -> None:
    paths = [Path("x/a.ralhe"), Path("y/a.ralhe"), Path("x/b.ralhe")]
    assert wording.labels(paths[1:]) == ["a.ralhe", "b.ralhe"]
    assert wording.labels(paths) == ["x/a.ralhe", "y/a.ralhe", "x/b.ralhe"]
    assert wording.labels([paths[0], paths[0]]) == ["a.ralhe", "a.ralhe"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.RALHE", ".ralhe"), ("a.compressed.ply", ".compressed.ply"), ("a.b.ply", ".ply"), ("a", "no ending")],
)
def test_file_type(name: str, kind: str) -> None:
    assert wording.file_type(Path(name)) == kind
