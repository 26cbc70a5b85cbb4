"""The CPU rasteriser as one differentiable function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ralhe.cameras.camera import Camera
from ralhe.rasteriser.blending import blend
from ralhe.rasteriser.blending_gradient import SUMS, blend_gradient
from ralhe.rasteriser.depth_order import depth_order
from ralhe.rasteriser.lens import numbers_of
from ralhe.rasteriser.projection import F32, SPLAT, project
from ralhe.rasteriser.projection_gradient import project_gradient
from ralhe.rasteriser.splats import Splats
from ralhe.rasteriser.tiles import I64, WHOLE, Part, Tiles, tiles_of

STRIDE = 16  # tiles apart that follow each other in the order of work


def rasterise(splats: Splats, camera: Camera, background: Tensor, count: int,
              eps2d: float) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Colour [H, W, 3] and opacity [H, W], from tensors on the CPU.

    background [3]; `count` coefficients of the harmonics are used. The result and its gradients (to means,
    covariances, opacities and sh) are the same for any number of threads.
    """
    tensors = splats.means, splats.covariances, splats.opacities, splats.sh, background
    return _Rasterise.apply(*tensors, camera, count, eps2d, splats.antialiased)  # type: ignore[no-any-return, no-untyped-call]


class Arrays(NamedTuple):
    """The tensors that gradients flow to, or those gradients, as the kernels take them."""

    means: F32
    covariances: F32
    opacities: F32
    sh: F32


@dataclass(frozen=True)
class Painted:
    """A picture and what came up on the way."""

    colour: Tensor  # [H, W, 3]
    cover: Tensor  # [H, W] opacity
    splats: F32  # [N, SPLAT]
    tiles: Tiles
    ends: I64  # [T] pairs of each tile that were needed


def paint(splats: Splats, camera: Camera, background: Tensor, count: int, eps2d: float, part: Part = WHOLE) -> Painted:
    """The picture without its gradient; arguments as for `rasterise`. Beside the part, pixels are undefined."""
    tensors = (splats.means, splats.covariances, splats.opacities, splats.sh)
    scene = Arrays(*(t.detach().float().contiguous().numpy() for t in tensors))
    n = len(scene.means)
    flat, boxes, depths = np.empty((n, SPLAT), np.float32), np.empty((n, 4), np.int16), np.empty(n, np.float32)
    project(*scene, count, numbers_of(camera, eps2d), splats.antialiased, flat, boxes, depths)
    tiles = tiles_of(flat, boxes, depth_order(depths), camera.width, camera.height, part)
    colour, cover = torch.empty((camera.height, camera.width, 3)), torch.empty((camera.height, camera.width))
    ends = tiles.starts[:-1].copy()
    behind = background.detach().float().contiguous().numpy()
    turn, pictures = turns(tiles, part), (colour.numpy(), cover.numpy())
    blend(flat, tiles.starts, tiles.pairs, turn, tiles.columns, behind, *pictures, ends)
    return Painted(colour, cover, flat, tiles, ends)


class _Rasterise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, means: Tensor, covariances: Tensor, opacities: Tensor, sh: Tensor, background: Tensor,
                camera: Camera, count: int, eps2d: float, antialiased: bool) -> tuple[Tensor, Tensor]:  # fmt: skip
        scene = Splats(means, covariances, opacities, sh, antialiased)
        painted = paint(scene, camera, background, count, eps2d)
        inputs = (t.detach().float().contiguous() for t in (means, covariances, opacities, sh))
        ctx.save_for_backward(*inputs, painted.colour, painted.cover)
        ctx.rest = count, numbers_of(camera, eps2d), antialiased, painted.splats, painted.tiles, painted.ends
        return painted.colour, painted.cover

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        *inputs, colour, cover = ctx.saved_tensors
        count, numbers, antialiased, splats, tiles, ends = ctx.rest
        by_colour, by_cover = (gradient.float().contiguous().numpy() for gradient in gradients)
        sums = np.empty((len(tiles.pairs), SUMS), np.float32)
        blend_gradient(
            splats, tiles.starts, ends, tiles.pairs, turns(tiles), tiles.columns, colour.numpy(), cover.numpy(),
            by_colour, by_cover, sums,
        )  # fmt: skip
        out = [torch.empty_like(t) for t in inputs]
        scene, slopes = Arrays(*(t.numpy() for t in inputs)), Arrays(*(t.numpy() for t in out))
        project_gradient(*scene, count, numbers, antialiased, splats, tiles.slots, sums, *slopes)
        return *out, None, None, None, None, None


def turns(tiles: Tiles, part: Part = WHOLE) -> I64:
    """The order in which the tiles of a part are taken: neighbours, which cost alike, go to different threads."""
    count = len(tiles.starts) - 1
    turn = np.concatenate([np.arange(first, count, STRIDE, dtype=np.int64) for first in range(STRIDE)])
    taken = (turn // tiles.columns + turn % tiles.columns) % part.every == part.first % part.every
    return np.asarray(turn[taken])
