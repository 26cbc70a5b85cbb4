"""The rasteriser's oracle: the same picture in plain float64 torch, every Gaussian against every pixel."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from ralhe.cameras.camera import Camera

C0, C1 = 0.28209479177387814, 0.4886025119029199


def harmonics(d: Tensor) -> Tensor:
    """[N, 16] basis of unit vectors [N, 3]."""
    x, y, z = d.unbind(-1)
    xx, yy, zz = x * x, y * y, z * z
    return torch.stack(
        [
            torch.full_like(x, C0), -C1 * y, C1 * z, -C1 * x,
            1.0925484305920792 * x * y, -1.0925484305920792 * y * z, 0.31539156525252005 * (2 * zz - xx - yy),
            -1.0925484305920792 * x * z, 0.5462742152960396 * (xx - yy),
            -0.5900435899266435 * y * (3 * xx - yy), 2.890611442640554 * x * y * z,
            -0.4570457994644658 * y * (4 * zz - xx - yy), 0.3731763325901154 * z * (2 * zz - 3 * xx - 3 * yy),
            -0.4570457994644658 * x * (4 * zz - xx - yy), 1.445305721320277 * z * (xx - yy),
            -0.5900435899266435 * x * (xx - 3 * yy),
        ],
        -1,
    )  # fmt: skip


def draw(splats: Iterable[Tensor], camera: Camera, background: Tensor, antialiased: bool = False,
         eps2d: float = 0.3) -> Tensor:  # fmt: skip
    """[H, W, 4] colour and opacity in float64 of means, covariances, opacities and harmonics."""
    means, covariances, opacities, sh = splats
    view, k = torch.tensor(camera.viewmat), torch.tensor(camera.K)
    rotation = view[:3, :3]
    local = means @ rotation.T + view[:3, 3]
    near = local[:, 2] > camera.near
    means, covariances, opacities, sh, local = (t[near] for t in (means, covariances, opacities, sh, local))
    order = torch.argsort(local[:, 2].detach(), stable=True)
    means, covariances, opacities, sh, local = (t[order] for t in (means, covariances, opacities, sh, local))
    x, y, z = local.unbind(-1)
    fx, fy, cx, cy = k[0, 0], k[1, 1], k[0, 2], k[1, 2]
    w, h = camera.width, camera.height
    a = torch.clamp(x / z, (-0.15 * w - cx) / fx, (1.15 * w - cx) / fx)
    b = torch.clamp(y / z, (-0.15 * h - cy) / fy, (1.15 * h - cy) / fy)
    zero = torch.zeros_like(z)
    slope = torch.stack([fx / z, zero, -fx * a / z, zero, fy / z, -fy * b / z], -1).reshape(-1, 2, 3) @ rotation
    full = covariances[:, [0, 1, 2, 1, 3, 4, 2, 4, 5]].reshape(-1, 3, 3)
    flat = slope @ full @ slope.transpose(1, 2)
    wide = flat + eps2d * torch.eye(2, dtype=flat.dtype)
    if antialiased:
        opacities = opacities * (torch.linalg.det(flat) / torch.linalg.det(wide)).clamp(min=0.000025).sqrt()
    inverse = torch.linalg.inv(wide)
    centre = torch.stack([fx * x / z + cx, fy * y / z + cy], -1)
    direction = means - torch.tensor(camera.centre)
    weights = harmonics(direction / direction.norm(dim=-1, keepdim=True))[:, : sh.shape[1]]
    colour = (0.5 + (weights[..., None] * sh).sum(1)).clamp(min=0)
    ys, xs = torch.meshgrid(*(torch.arange(n, dtype=flat.dtype) + 0.5 for n in (h, w)), indexing="ij")
    through, out = torch.ones(h, w, dtype=flat.dtype), torch.zeros(h, w, 3, dtype=flat.dtype)
    done = torch.zeros(h, w, dtype=torch.bool)
    for i in range(len(z)):
        d = torch.stack([xs - centre[i, 0], ys - centre[i, 1]], -1)
        alpha = (opacities[i] * torch.exp(-0.5 * torch.einsum("hwi,ij,hwj->hw", d, inverse[i], d))).clamp(max=0.99)
        alpha = torch.where((alpha >= 1 / 255) & ~done, alpha, torch.zeros_like(alpha))
        after = through * (1 - alpha)
        done = done | (after < 1e-4)
        alpha = torch.where(done, torch.zeros_like(alpha), alpha)
        out = out + (alpha * through)[..., None] * colour[i]
        through = through * (1 - alpha)
    return torch.cat([out + through[..., None] * background, (1 - through)[..., None]], -1)
