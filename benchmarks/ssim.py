"""Times SSIM and its gradient against the same sums as depthwise convolutions of torch.

    python benchmarks/ssim.py [--runs 20]

Milliseconds, the quickest run; all in one process on all threads.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

import numba
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d

from ralhe.metrics import differentiable_ssim, ssim

SIZES = ((400, 300), (800, 600))  # width, height


def convolved_ssim(reference: Tensor, image: Tensor) -> Tensor:
    """SSIM of [H, W, 3] by five depthwise convolutions with the window as one 11 x 11 kernel."""
    profile = torch.exp(-(torch.arange(-5.0, 6.0) ** 2) / (2 * 1.5**2))
    profile /= profile.sum()
    window = torch.outer(profile, profile).expand(3, 1, 11, 11)
    r, x = (pixels.permute(2, 0, 1)[None] for pixels in (reference, image))
    mr, mx, rr, xx, rx = (conv2d(p, window, padding=5, groups=3) for p in (r, x, r * r, x * x, r * x))
    structure = (2 * (rx - mr * mx) + 0.03**2) / (rr - mr * mr + xx - mx * mx + 0.03**2)
    return ((2 * mr * mx + 0.01**2) / (mr * mr + mx * mx + 0.01**2) * structure).mean()


def milliseconds(work: Callable[[], object], runs: int) -> float:
    """The quickest of `runs` after a first: the one that other processes disturbed least."""
    work()
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return 1e3 * min(seconds)


def rows(width: int, height: int, runs: int) -> Iterator[str]:
    """A row of the table for the forward pass, and one for both."""
    random = np.random.default_rng(0)
    reference = random.random((height, width, 3), dtype=np.float32)
    image = np.clip(reference + random.normal(0, 0.1, reference.shape), 0, 1).astype(np.float32)
    r, x = torch.from_numpy(reference), torch.from_numpy(image)
    leaf = x.clone().requires_grad_()

    def both(measure: Callable[[Tensor, Tensor], Tensor]) -> None:
        measure(r, leaf).backward()  # type: ignore[no-untyped-call]

    passes: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "forward": (lambda: ssim(reference, image), lambda: convolved_ssim(r, x)),
        "both": (lambda: both(differentiable_ssim), lambda: both(convolved_ssim)),
    }
    for name, (ours, theirs) in passes.items():
        fused, convolved = milliseconds(ours, runs), milliseconds(theirs, max(1, runs // 5))
        yield f"{width}x{height}\t{name}\t{fused:.1f}\t{convolved:.0f}\t{convolved / fused:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    print(f"{numba.get_num_threads()} threads of numba, {torch.get_num_threads()} of torch")
    print("size\tpass\tms\tconv2d ms\tratio")
    for width, height in SIZES:
        for row in rows(width, height, runs):
            print(row)


if __name__ == "__main__":
    main()
