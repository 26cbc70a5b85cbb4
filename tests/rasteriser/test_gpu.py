"""Pictures by gsplat: its call, with a stand-in that draws by the oracle, and itself where there is a GPU."""

from __future__ import annotations

import importlib.util
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor

from ralhe.cameras.camera import Camera
from ralhe.errors import SceneError
from ralhe.metrics import differentiable_ssim
from ralhe.rasteriser import Splats, gpu, render
from ralhe.rasteriser.log_covariance import exponential_covariances
from tests.rasteriser.reference_rasteriser import draw
from tests.scenes import scene_of, sphere

on_a_gpu = pytest.mark.skipif(gpu.gsplat_absence() is not None, reason=f"{gpu.gsplat_absence()}")


def rasterization(
    *, means: Tensor, quats: None, scales: None, covars: Tensor, opacities: Tensor, colors: Tensor, sh_degree: int,
    viewmats: Tensor, Ks: Tensor, width: int, height: int, near_plane: float, far_plane: float, eps2d: float,  # noqa: N803
    backgrounds: Tensor, rasterize_mode: str, packed: bool,
) -> tuple[Tensor, Tensor, dict[str, Tensor]]:  # fmt: skip
    """gsplat's own keywords and shapes; one camera."""
    assert quats is None and scales is None and not packed and far_plane > 1e9
    assert colors.shape[1] == (sh_degree + 1) ** 2
    assert torch.equal(covars, covars.transpose(1, 2))
    camera = Camera(viewmats[0].numpy(), Ks[0].numpy(), width, height, near_plane)
    six = covars.reshape(-1, 9)[:, [0, 1, 2, 4, 5, 8]]
    tensors = (t.double() for t in (means, six, opacities, colors))
    image = draw(tensors, camera, backgrounds[0].double(), rasterize_mode == "antialiased", eps2d).float()
    return image[None, ..., :3], image[None, ..., 3:], {}


@pytest.mark.parametrize("antialiased", [False, True])
def test_gsplat_gets_what_the_cpu_gets(antialiased: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gsplat", SimpleNamespace(rasterization=rasterization))
    rng = np.random.default_rng(1)
    n = 30
    scene = scene_of(
        rng.normal(0, 0.5, (n, 3)), rng.normal(-2.5, 0.8, (n, 3)), rng.normal(0, 1, (n, 4)), rng.normal(0, 2, n),
        rng.normal(0, 0.3, (n, 4, 3)), antialiased=antialiased,
    )  # fmt: skip
    view = Camera.looking_at(np.array([0, 1, -3.0]), np.zeros(3), np.array([0, 1.0, 0]), fov=0.8, width=25, height=20)
    splats, background = Splats.of(scene), torch.tensor([0.3, 0.6, 0.9])
    colour, alpha = gpu.rasterise_gpu(splats, view, background, 4, 0.3)
    ours = render(splats, view, background=background)
    assert (colour - ours.colour).abs().max() < 2e-5
    assert (alpha - ours.alpha).abs().max() < 2e-5


@on_a_gpu
@pytest.mark.parametrize("antialiased", [False, True])
def test_a_gpu_draws_what_the_cpu_draws(antialiased: bool) -> None:
    """Picture and gradients; nothing is so opaque that gsplat's own limit of alpha would show."""
    rng = np.random.default_rng(1)
    n = 2000
    scene = scene_of(
        rng.normal(0, 0.5, (n, 3)), rng.normal(-3.5, 0.8, (n, 3)), rng.normal(0, 1, (n, 4)), rng.normal(-1, 1, n),
        rng.normal(0, 0.3, (n, 16, 3)), antialiased=antialiased,
    )  # fmt: skip
    view = Camera.looking_at(np.array([0, 1, -3.0]), np.zeros(3), np.array([0, 1.0, 0]), fov=0.8, width=250, height=200)
    pull = torch.from_numpy(rng.normal(0, 1, (200, 250, 3))).float()
    pictures, slopes = [], []
    for device in ("cpu", "cuda"):
        s = Splats.of(scene, device)
        leaves = [t.detach().requires_grad_() for t in (s.means, s.covariances, s.opacities, s.sh)]
        means, shapes, opacities, sh = leaves
        image = render(Splats(means, shapes, opacities, sh, antialiased), view, background=(0.2, 0.4, 0.6)).colour
        assert image.device.type == device
        slopes.append(torch.autograd.grad(image, leaves, pull.to(device)))
        pictures.append(image.detach().cpu())
    assert (pictures[0] - pictures[1]).abs().max() < 2e-3
    for ours, theirs in zip(*slopes, strict=True):
        assert (ours - theirs.cpu()).norm() < 1e-2 * ours.norm()


@on_a_gpu
def test_what_is_computed_on_a_gpu_stays_there() -> None:
    halves, pixels = torch.randn(50, 6), torch.rand(2, 40, 30, 3)
    covariances = exponential_covariances(halves.cuda())
    assert covariances.is_cuda
    assert (covariances.cpu() - exponential_covariances(halves)).abs().max() < 1e-5 * covariances.max()
    similarity = differentiable_ssim(*pixels.cuda())
    assert similarity.is_cuda
    assert abs(float(similarity) - float(differentiable_ssim(*pixels))) < 1e-5


def test_pictures_are_drawn_by_the_gpu_where_gsplat_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.drawing_device() == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert gpu.drawing_device() == "cpu"
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: SimpleNamespace())
    assert gpu.drawing_device() == "cuda"


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    view = Camera(np.eye(4), np.array([[10.0, 0, 5], [0, 10, 5], [0, 0, 1]]), 10, 10)
    nothing = Splats(torch.zeros(0, 3), torch.zeros(0, 6), torch.zeros(0), torch.zeros(0, 1, 3))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for scene in (nothing, sphere(3)):
        with pytest.raises(SceneError, match="torch sees no GPU"):
            render(scene, view, backend="gsplat")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SceneError, match="pip install gsplat"):
        render(nothing, view, backend="gsplat")
