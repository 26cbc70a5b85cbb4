"""How far an image is from its reference. Images are float32 [H, W, 3] RGB in [0, 1], the reference first."""

from ralhe.metrics.flip import flip
from ralhe.metrics.lpips import lpips, lpips_absence
from ralhe.metrics.ms_ssim import ms_ssim
from ralhe.metrics.psnr import psnr
from ralhe.metrics.ssim import differentiable_ssim, ssim

__all__ = ["differentiable_ssim", "flip", "lpips", "lpips_absence", "ms_ssim", "psnr", "ssim"]
