"""LPIPS without its parts, and how it uses them; no test needs the real ones."""

from __future__ import annotations

import importlib
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ralhe.metrics import lpips, lpips_absence
from tests.metrics.image_pairs import pair

module = importlib.import_module("ralhe.metrics.lpips")

Weights = dict[str, torch.Tensor]

STUB = '''
import torch

class LPIPS(torch.nn.Module):
    """Mean square of a difference of two linear layers, numbered as those of VGG in slices are."""

    def __init__(self, net, pnet_rand=False, verbose=True):
        super().__init__()
        assert net == "vgg" and pnet_rand and not verbose, "would download"
        slices = {"slice1": {"0": torch.nn.Conv2d(3, 2, 1)}, "slice2": {"5": torch.nn.Conv2d(2, 1, 1)}}
        self.net = torch.nn.ModuleDict({name: torch.nn.ModuleDict(layers) for name, layers in slices.items()})

    def forward(self, first, second):
        one, two = (self.net["slice2"]["5"](self.net["slice1"]["0"](x)) for x in (first, second))
        return ((one - two) ** 2).mean().reshape(1, 1, 1, 1) + 0 * first.abs().max()
'''


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Every way to a socket fails, and the cache of weights is an empty folder."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("opened the network")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    before = torch.hub.get_dir()
    torch.hub.set_dir(str(tmp_path / "hub"))
    yield
    torch.hub.set_dir(before)


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder with stand-ins for lpips and torchvision, importable for one test."""
    (tmp_path / "lpips.py").write_text(STUB)
    (tmp_path / "torchvision.py").write_text("")
    for name in module.PACKAGES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in module.PACKAGES:
        sys.modules.pop(name, None)


@pytest.fixture
def backbone(tmp_path: Path) -> Weights:
    """A file of weights, with layers that LPIPS has no use for."""
    random = torch.Generator().manual_seed(0)
    shapes = {"features.0.weight": (2, 3, 1, 1), "features.0.bias": (2,), "features.5.weight": (1, 2, 1, 1),
              "features.5.bias": (1,), "features.7.bias": (3,), "classifier.0.bias": (4,)}  # fmt: skip
    weights = {name: torch.randn(shape, generator=random) for name, shape in shapes.items()}
    path = tmp_path / "hub" / "checkpoints" / module.BACKBONE
    path.parent.mkdir(parents=True)
    torch.save(weights, path)
    return weights


def test_none_without_the_packages(monkeypatch: pytest.MonkeyPatch, backbone: Weights) -> None:
    monkeypatch.setattr(module, "PACKAGES", ("no_such_lpips", "no_such_vision"))
    assert lpips(*pair(20, 20)) is None
    assert lpips_absence() == (
        "LPIPS needs the packages no_such_lpips and no_such_vision: pip install no_such_lpips no_such_vision"
    )


def test_none_without_the_weights(packages: Path) -> None:
    assert lpips(*pair(20, 20)) is None
    absence = lpips_absence() or ""
    assert module.BACKBONE in absence and str(packages / "hub" / "checkpoints") in absence
    assert "lpips" not in sys.modules


def test_none_where_a_package_does_not_load(packages: Path, backbone: Weights) -> None:
    (packages / "torchvision.py").write_text("raise RuntimeError('operator does not exist\\nand more')")
    assert lpips(*pair(20, 20)) is None
    absence = lpips_absence() or ""
    assert absence.endswith("operator does not exist")
    assert "\n" not in absence


def test_weights_of_the_file_on_images_from_minus_one_to_one(packages: Path, backbone: Weights) -> None:
    reference, image = pair(16, 24)
    first, second = (backbone[f"features.{layer}.weight"][:, :, 0, 0].numpy() for layer in (0, 5))
    difference = 2 * (reference - image) @ first.T @ second.T
    assert lpips_absence() is None
    assert lpips(reference, image) == pytest.approx(float(np.mean(difference**2)), rel=1e-5)
    assert lpips(reference, reference) == 0


def test_none_for_images_smaller_than_the_backbone_takes(packages: Path, backbone: Weights) -> None:
    assert lpips(*pair(15, 40)) is None
    assert lpips(*pair(16, 40)) is not None
