"""Structural similarity, as a measure and as a term of a loss."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from ralhe.metrics.images import Image, check_shapes, checked
from ralhe.metrics.ssim_kernels import C1, C2, F32, F64, RADIUS, W0, W1, W2, W3, W4, W5, compare, gather, tile_count


def ssim(reference: Image, image: Image) -> float:
    """SSIM of image [H, W, 3] against reference, both in [0, 1], as the papers of 3DGS report it; 1 is equal.

    Wang et al. (2004): an 11 x 11 Gaussian window of sigma 1.5, moments of the population, K1 = 0.01, K2 = 0.03; black
    beyond the border; the mean over all pixels and channels. Raises ValueError for arrays that are no such images.
    """
    reference, image = checked(reference, image)
    return float(channel_similarity(reference, image)[0].mean())


def channel_similarity(reference: Image, image: Image, margin: int = 0) -> F64:
    """[2, 3] means by channel of SSIM and of its contrast and structure, for contiguous images [H, W, 3].

    Windows centred within `margin` pixels of the border are left out.
    """
    height, width, _ = reference.shape
    no_slopes = np.empty((3, 0, 0), np.float32)
    losses = _losses(_lines(reference), _lines(image), margin, no_slopes)
    means: F64 = losses / ((height - 2 * margin) * (width - 2 * margin))
    return 1 - means


def differentiable_ssim(reference: Tensor, image: Tensor) -> Tensor:
    """`ssim` of float32 tensors [H, W, 3], a scalar with a gradient to `image` alone.

    Values outside [0, 1] are taken as they are, for an image in training may leave the range. Tensors on a GPU stay
    there. Raises ValueError for other tensors.
    """
    for name, pixels in (("reference", reference), ("image", image)):
        if pixels.dtype != torch.float32:
            raise ValueError(f"{name} holds {pixels.dtype}, expected torch.float32")
    check_shapes(reference.shape, image.shape)
    if image.device.type != "cpu":
        return similarity_by_torch(reference, image)
    return cast(Tensor, _Similarity.apply(reference, image))  # type: ignore[no-untyped-call]


def similarity_by_torch(reference: Tensor, image: Tensor) -> Tensor:
    """The same on any device: windows as two products with a band matrix, for a GPU convolves in fewer digits."""
    down, across = (_band(size, image.device) for size in image.shape[:2])
    r, x = (pixels.permute(2, 0, 1) for pixels in (reference, image))
    mr, mx, rr, xx, rx = down @ torch.stack([r, x, r * r, x * x, r * x]) @ across
    structure = (2 * (rx - mr * mx) + float(C2)) / (rr - mr * mr + xx - mx * mx + float(C2))
    similarity: Tensor = (2 * mr * mx + float(C1)) / (mr * mr + mx * mx + float(C1)) * structure
    return similarity.mean()


@cache
def _band(size: int, device: torch.device) -> Tensor:
    """[size, size] the window's profile around each place of a line, black beyond its ends."""
    places = torch.arange(size)
    distance = (places[:, None] - places).abs()
    weights = torch.tensor([W5, W4, W3, W2, W1, W0, 0.0], dtype=torch.float32)
    return weights[distance.clamp(max=RADIUS + 1)].to(device)


class _Similarity(torch.autograd.Function):
    """Mean SSIM; the forward pass keeps the slopes by the blurred means, the backward pass blurs them once more."""

    @staticmethod
    def forward(ctx: Any, reference: Tensor, image: Tensor) -> Tensor:
        r, x = (_lines(tensor.detach().numpy()) for tensor in (reference, image))
        slopes = np.empty((3, *r.shape) if ctx.needs_input_grad[1] else (3, 0, 0), np.float32)
        losses = _losses(r, x, 0, slopes)
        ctx.save_for_backward(reference, image)
        ctx.slopes = slopes
        return image.new_tensor(1 - losses[0].sum() / r.size)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[None, Tensor]:
        reference, image = ctx.saved_tensors
        r, x = (_lines(tensor.detach().numpy()) for tensor in (reference, image))
        gradient = np.empty_like(r)
        gather(r, x, ctx.slopes, float(upstream) / r.size, gradient)
        return None, torch.from_numpy(gradient).view(image.shape)


def _lines(pixels: F32) -> F32:
    """[H, 3 W] rows of an image [H, W, 3], contiguous."""
    return np.ascontiguousarray(pixels).reshape(len(pixels), -1)


def _losses(reference: F32, image: F32, margin: int, slopes: F32) -> F64:
    """[2, 3] sums of 1 - SSIM and of 1 - contrast and structure by channel; fills slopes as `compare` does."""
    height, width = reference.shape
    by_tile = np.zeros((tile_count(height, width, margin), 2, 3))
    compare(reference, image, margin, by_tile, slopes)
    return np.asarray(by_tile.sum(axis=0))
