"""Cameras are in the axes of a trained .ply, whatever those of a scene are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import ralhe
from ralhe.cameras import Views
from ralhe.coordinates import convert
from ralhe.gaussians import Gaussians
from ralhe.viewpoints import opening, place_views, turntable
from tests.scenes import sphere

SIZE = 40, 30


@pytest.fixture(scope="module")
def scene() -> Gaussians:
    """In the axes of .spz, and away from where another naming of them would leave it as it is."""
    plain = sphere(300, degree=2)
    plain.positions[:] += np.array([0, 4, 7], np.float32)
    return convert(plain, "RUB")


@pytest.fixture(scope="module")
def views(scene: Gaussians) -> Views:
    return place_views(scene, fit=4, test=2, size=SIZE)


def test_placed_ones_are(scene: Gaussians, views: Views) -> None:
    turned = convert(scene, "RDF")
    again = place_views(turned, fit=4, test=2, size=SIZE)
    for one, other in zip(views.fit + views.test, again.fit + again.test, strict=True):
        assert np.array_equal(one.camera.viewmat, other.camera.viewmat)
    assert np.array_equal(opening(scene).viewmat, opening(turned).viewmat)
    assert np.array_equal(turntable(scene, 1).test[0].camera.viewmat, turntable(turned, 1).test[0].camera.viewmat)


def test_a_render_turns_the_scene(scene: Gaussians, views: Views) -> None:
    for view in views.test:
        picture = ralhe.render(scene, view.camera).colour
        assert torch.equal(picture, ralhe.render(convert(scene, "RDF"), view.camera).colour)
        assert torch.equal(picture, ralhe.render(ralhe.Splats.of(scene), view.camera).colour)
        assert float(picture.mean()) > 0.05


def test_a_comparison_turns_both(scene: Gaussians, views: Views, tmp_path: Path) -> None:
    dimmer = Gaussians(scene.positions, scene.log_scales, scene.rotations, scene.opacity_logits - 0.5, scene.sh,
                       coordinates="RUB")  # fmt: skip
    for suffix, turned in (("spz", scene), ("ply", convert(scene, "RDF"))):
        ralhe.write(tmp_path / f"a.{suffix}", turned)
        ralhe.write(tmp_path / f"b.{suffix}", dimmer)
    spz, ply = (ralhe.compare(tmp_path / f"a.{s}", tmp_path / f"b.{s}", views=views).scenes[0] for s in ("spz", "ply"))
    for one, other in zip(spz.views, ply.views, strict=True):
        assert 10 < one.psnr < 40
        assert one.psnr == pytest.approx(other.psnr, abs=0.5)  # an .spz is quantised


def test_an_encode_sees_what_the_views_see(scene: Gaussians, views: Views) -> None:
    data = ralhe.encode(scene, size=8000, preset="fast", views=views)
    decoded = ralhe.decode(data)
    assert decoded.coordinates == "RDF"
    errors = [
        float((ralhe.render(scene, v.camera).colour - ralhe.render(decoded, v.camera).colour).square().mean())
        for v in views.test
    ]
    assert max(errors) < 1e-3
    assert ralhe.decode(ralhe.encode(scene, size=8000, preset="fast")).coordinates == "RUB"
