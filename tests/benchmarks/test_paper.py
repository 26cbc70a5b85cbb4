"""The paper's design: its networks have the paper's sizes, and its file decodes to what the encoder meant."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.baselines import container, paper, program
from benchmarks.baselines.model import Model
from benchmarks.baselines.paper import Paper
from benchmarks.baselines.paper_networks import Decoder, EntropyModel, code_latents
from benchmarks.baselines.pyramid import Pyramid
from benchmarks.baselines.quantisation import build
from benchmarks.baselines.range_coder import ROOM, TAIL
from benchmarks.baselines.sparse_convolution import convolve, neighbours_of
from ralhe.octree import voxels_of
from ralhe.prepare import choose_grid, clean, voxelise
from tests.scenes import sphere, surface_codes


@pytest.fixture(scope="module")
def model() -> Model:
    """A sphere of a few hundred Gaussians, not retrained."""
    gaussians = clean(sphere(400, degree=0)).gaussians
    scene = voxelise(gaussians, choose_grid(gaussians.positions, 7))
    return Model(scene, build(scene, 64), False)


def test_networks_have_the_papers_sizes() -> None:
    assert sum(p.numel() for p in Decoder().parameters()) == 639
    assert sum(p.numel() for p in EntropyModel().parameters()) == 578


def test_convolution_is_that_of_the_dense_grid() -> None:
    codes, random = surface_codes(120, 4), torch.Generator().manual_seed(0)
    x = torch.randn(len(codes), 3, generator=random, dtype=torch.float32, requires_grad=True)
    weights = torch.randn(27, 3, 3, generator=random, requires_grad=True)
    places = torch.from_numpy(voxels_of(codes, 4))
    grid = torch.zeros(16, 16, 16, 3).index_put(tuple(places.T), x).permute(3, 0, 1, 2)[None]
    kernel = weights.reshape(3, 3, 3, 3, 3).permute(3, 4, 0, 1, 2)
    wanted = torch.nn.functional.conv3d(grid, kernel, padding=1)[0, :, places[:, 0], places[:, 1], places[:, 2]].T
    got = convolve(x, weights, neighbours_of(codes, 4))
    assert torch.allclose(got, wanted, atol=1e-5)
    pull = torch.randn(got.shape, generator=random)
    for a, b in zip(*(torch.autograd.grad((y * pull).sum(), (x, weights)) for y in (got, wanted)), strict=True):
        assert torch.allclose(a, b, atol=1e-4)


def test_latents_start_as_the_attribute() -> None:
    codes = surface_codes(300, 7)
    values = torch.randn(len(codes), 3, generator=torch.Generator().manual_seed(0))
    values[:, 1:] = 0  # one axis: the levels hold it whole
    pyramid = Pyramid.of(codes, 7)
    latents, mixture = pyramid.latents_of(values)
    upsampled = pyramid.upsample(latents)
    assert torch.allclose((upsampled @ mixture.T)[:, 0], values[:, 0], atol=1e-5)


def test_latents_cost_what_the_model_says_and_come_back() -> None:
    pyramid = Pyramid.of(surface_codes(2000, 9), 9)
    torch.manual_seed(0)
    network, count = EntropyModel(), int(pyramid.ends[-1])
    latents = np.rint(np.random.default_rng(0).laplace(0, 2, count)).astype(np.int32)
    out = np.empty(ROOM * count + TAIL, np.uint8)
    size = code_latents(latents.copy(), pyramid.ends, network, out, False)
    with torch.no_grad():
        padded = [torch.cat([torch.zeros(16), torch.from_numpy(latents[a:b]).float()]) for a, b in pyramid.spans]
        bits = sum(float(network.bits(run)) for run in padded)
    assert size == pytest.approx(bits / 8, rel=0.01)
    decoded = np.zeros(count, np.int32)
    code_latents(decoded, pyramid.ends, network, out[:size].copy(), True)
    assert np.array_equal(decoded, latents)


@pytest.mark.parametrize(("design", "rooms"), [("paper", (3800, 3200)), ("gpcc", (1500, 900))])
def test_a_file_is_as_large_as_counted_and_decodes(
    design: str, rooms: tuple[int, int], model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper, "ITERATIONS", dict.fromkeys(range(4), 150))
    coder, errors = program.DESIGNS[design](), []
    head = container.join([design.encode(), container.encode_geometry(model)])
    for room in rooms:
        data = coder.encode(model, room)
        assert data is not None
        assert 0.9 * room < len(data) <= room
        file = tmp_path / f"{room}"
        file.write_bytes(head + container.join([data]))
        decoded = program.decode(file)
        assert len(decoded) == len(model.scene)
        assert np.array_equal(model.scene.grid.codes(decoded.positions), model.scene.codes)
        errors.append(float(((decoded.sh[:, 0] - model.scene.sh[:, 0]) ** 2).mean()))
    assert errors[0] < errors[1] < float(model.scene.sh[:, 0].var()) / 3
    assert coder.encode(model, 3) is None


def test_the_design_keeps_what_it_learnt_for_the_next_size(model: Model) -> None:
    coder = Paper(20)
    coder.encode(model, 4600)
    assert coder.note.startswith("20 iterations")
    coder.encode(model, 4300)
    assert coder.note.startswith("10 iterations")
