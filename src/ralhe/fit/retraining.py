"""Constrained retraining: with positions fixed to their voxels, everything else learns to look like the pictures.

What is left of a scene takes over from what was pruned and merged (the paper's step, section 3).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from ralhe.fit.pictures import Picture, Pictures
from ralhe.metrics.ssim import differentiable_ssim
from ralhe.prepare import Voxelised
from ralhe.prepare.clean import LOGIT_LIMIT
from ralhe.rasteriser import Splats
from ralhe.rasteriser.gpu import drawing_device
from ralhe.rasteriser.log_covariance import exponential_covariances

# Rates of Adam at the start, in units of each attribute; a cosine brings them to a tenth.
OPACITY_RATE, COLOUR_RATE, HARMONIC_RATE, SHAPE_RATE = 0.05, 0.005, 0.00025, 0.01
LAST_RATE = 0.1
ABSOLUTE, SIMILARITY = 0.01, 0.03  # what absolute differences and a whole SSIM count beside squares
BETAS = 0.9, 0.99  # a short memory: every view pulls at other Gaussians
EXAMS, UNJUDGED = 5, 100  # times that the pictures held out judge a fit, and iterations that go by without


class Leaves:
    """The attributes of a voxelised scene, ready to learn."""

    def __init__(self, scene: Voxelised, device: str = "cpu") -> None:
        def tensor(array: np.typing.NDArray[np.floating]) -> Tensor:
            return torch.from_numpy(np.array(array, np.float32)).to(device).requires_grad_()

        self._scene = scene
        self._means = torch.from_numpy(scene.grid.centres(scene.codes)).to(device)
        self.opacities = tensor(np.clip(scene.opacity_logits, -LOGIT_LIMIT, LOGIT_LIMIT))
        self.colours, self.harmonics = tensor(scene.sh[:, :1]), tensor(scene.sh[:, 1:])
        self.shapes = tensor(scene.log_covariances)

    def splats(self, antialiased: bool) -> Splats:
        """What the rasteriser draws; gradients flow back to the attributes."""
        sh = torch.cat([self.colours, self.harmonics], 1)
        return Splats(self._means, exponential_covariances(self.shapes), torch.sigmoid(self.opacities), sh, antialiased)

    def scene(self) -> Voxelised:
        """The scene with the attributes as they are now."""
        with torch.no_grad():
            logits, sh = self.opacities.clamp(-LOGIT_LIMIT, LOGIT_LIMIT), torch.cat([self.colours, self.harmonics], 1)
        return replace(
            self._scene,
            opacity_logits=logits.cpu().numpy().astype(np.float64),
            log_covariances=self.shapes.detach().cpu().numpy().astype(np.float64),
            sh=sh.cpu().numpy(),
        )


def retrain(
    scene: Voxelised, pictures: Pictures, iterations: int, antialiased: bool, step: Callable[[], bool]
) -> Voxelised:
    """The scene that looks most like the pictures held out, of those on the way; `scene` itself if none is better.

    step: called after each iteration; False ends the work.
    """
    leaves = Leaves(scene, drawing_device())
    best, least = scene, pictures.error(leaves.splats(antialiased))
    rates = {"opacities": OPACITY_RATE, "colours": COLOUR_RATE, "harmonics": HARMONIC_RATE, "shapes": SHAPE_RATE}
    every = max(iterations // EXAMS, UNJUDGED)
    for i in learn(leaves, rates, pictures, iterations, antialiased):
        going = step()
        if not going or (i + 1) % every == 0 or i + 1 == iterations:
            error = pictures.error(leaves.splats(antialiased))
            if error < least:
                best, least = leaves.scene(), error
        if not going:
            break
    return best


def learn(leaves: Leaves, rates: dict[str, float], pictures: Pictures, iterations: int, antialiased: bool,
          seed: int = 0) -> Iterator[int]:  # fmt: skip
    """Lets the attributes that have a rate learn, one picture an iteration; yields each iteration after it is done."""
    groups = [{"params": [getattr(leaves, name)], "lr": rate} for name, rate in rates.items()]
    optimizer = torch.optim.Adam(groups, betas=BETAS, eps=1e-15, fused=True)
    last = max(iterations, 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda i: LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * i / last))
    )
    random, waiting = np.random.default_rng(seed), list[int]()
    for i in range(iterations):
        waiting = waiting or random.permutation(len(pictures.learnt)).tolist()
        picture = pictures.learnt[waiting.pop()]
        optimizer.zero_grad()
        _loss(picture, leaves.splats(antialiased)).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        yield i


def _loss(picture: Picture, splats: Splats) -> Tensor:
    """Squares where errors are large; where they are small also absolute differences and SSIM, by which views that it
    has not seen come out better than by squares alone, by PSNR too (docs/design.md)."""
    drawn, wanted = picture.drawn(splats), picture.colour.float()
    squares, absolute = mse_loss(drawn, wanted), torch.linalg.vector_norm(drawn - wanted, 1) / wanted.numel()
    loss: Tensor = squares + ABSOLUTE * absolute + SIMILARITY * (1 - differentiable_ssim(wanted, drawn))
    return loss
