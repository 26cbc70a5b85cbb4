"""The sweep's own codec: what it prints of each size."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import ralhe
from benchmarks import ours
from tests.scenes import sphere


def test_a_size_too_small_does_not_cost_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ply = tmp_path / "scene.ply"
    ralhe.write(ply, sphere(200, 0))
    ours.encode(ply, tmp_path, ["140", "2kB"], "fast", None)
    small, large = map(json.loads, capsys.readouterr().out.splitlines())
    assert "fits 140 bytes" in small["failure"]
    assert large["source_gaussians"] == "200"
    assert float(large["bits_geometry"]) > 0
    assert [p.name for p in tmp_path.glob("*.ralhe")] == ["2kB.ralhe"]
    assert (tmp_path / "2kB.ralhe").stat().st_size <= 2000
