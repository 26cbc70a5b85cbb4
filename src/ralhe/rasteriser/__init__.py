"""Renders of Gaussians: on the CPU by this package's kernels, on CUDA by gsplat."""

from ralhe.rasteriser.picture import Backend, Rendered, render
from ralhe.rasteriser.splats import Splats

__all__ = ["Backend", "Rendered", "Splats", "render"]
