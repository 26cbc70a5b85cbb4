"""Where the rate-distortion plot puts its points and ticks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import pytest

from ralhe.comparison.curves import FRAME, Plot, Point, plot


def three(kind: str = ".ralhe") -> list[Point]:
    return [Point("b", kind, 100_000, 30.0), Point("c", kind, 1_000_000, 40.0), Point("a", kind, 10_000, 20.0)]


def plotted(points: Sequence[Point]) -> Plot:
    """The plot of points that suffice for one."""
    made = plot(points)
    assert made is not None
    return made


def test_equal_factors_of_bytes_are_equally_far_apart() -> None:
    (curve,) = plotted(three()).curves
    small, middle, large = curve.dots
    assert middle.x - small.x == pytest.approx(large.x - middle.x, abs=0.02)
    assert small.y - middle.y == pytest.approx(middle.y - large.y, abs=0.02)
    assert FRAME.left < small.x < large.x < FRAME.right
    assert [dot.title for dot in curve.dots] == ["a: 10 kB, 20.00 dB", "b: 100 kB, 30.00 dB", "c: 1 MB, 40.00 dB"]


def test_points_lie_where_the_ticks_say() -> None:
    drawn = plotted(three())
    x, y = ({tick.text: tick.at for tick in ticks} for ticks in (drawn.x_ticks, drawn.y_ticks))
    assert [(dot.x, dot.y) for dot in drawn.curves[0].dots] == [
        (x["10 kB"], y["20"]), (x["100 kB"], y["30"]), (x["1 MB"], y["40"])
    ]  # fmt: skip
    assert (y["20"], y["40"]) == (FRAME.bottom, FRAME.top)


def test_each_type_has_its_curve() -> None:
    drawn = plotted([*three(), *three(".spz")])
    assert [(curve.kind, len(curve.dots)) for curve in drawn.curves] == [(".ralhe", 3), (".spz", 3)]
    assert drawn.description.count("; ") == 5


def test_curves_come_in_the_order_of_their_points() -> None:
    drawn = plotted([Point("d", ".spz", 20_000, 25.0), *three()])
    assert [curve.kind for curve in drawn.curves] == [".spz", ".ralhe"]


@pytest.mark.parametrize(
    "sizes",
    [(5, 5), (99, 1_000), (1_200, 9_900), (250_000, 250_000), (250_000, 260_000), (1, 10**6), (1, 10**12)],
)
@pytest.mark.parametrize("psnrs", [(30.0, 30.0), (30.0, 30.01), (-3.0, 100.0)])
def test_any_range_has_a_few_ticks_inside_the_frame(sizes: tuple[int, int], psnrs: tuple[float, float]) -> None:
    drawn = plotted([Point("a", "", size, psnr) for size, psnr in zip(sizes, psnrs, strict=True)])
    assert 2 <= len(drawn.x_ticks) <= 8 and 2 <= len(drawn.y_ticks) <= 9
    assert all(FRAME.left <= tick.at <= FRAME.right for tick in drawn.x_ticks)
    assert all(FRAME.top <= tick.at <= FRAME.bottom for tick in drawn.y_ticks)
    assert all(b.at - a.at > 40 and a.text != b.text for a, b in pairwise(drawn.x_ticks))
    dots = [dot for curve in drawn.curves for dot in curve.dots]
    assert all(FRAME.left <= dot.x <= FRAME.right and FRAME.top <= dot.y <= FRAME.bottom for dot in dots)


def test_fewer_than_two_points_make_no_plot() -> None:
    assert plot(three()[:1]) is None
    assert plot([*three()[:1], Point("x", "", 10, math.nan)]) is None
