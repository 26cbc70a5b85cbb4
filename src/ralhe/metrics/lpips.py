"""LPIPS, where its network is already on this machine. Nothing here opens the network."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import warnings
from pathlib import Path
from typing import Any

import torch

from ralhe.metrics.images import Image, checked

PACKAGES = ("lpips", "torchvision")
BACKBONE = "vgg16-397923af.pth"
"""VGG-16 of ImageNet as torchvision names it in torch's cache; the learnt layers on top come with `lpips`."""

SMALLEST = 16
"""Pixels: the backbone halves the image four times."""


def lpips(reference: Image, image: Image) -> float | None:
    """LPIPS (VGG) of image [H, W, 3] against reference, both in [0, 1]; 0 is equal.

    Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric" (2018), with the backbone
    and the input range [-1, 1] of the papers of 3DGS. None where `lpips_absence` gives a reason, and for a side under
    16 pixels. Raises ValueError for arrays that are no such images.
    """
    reference, image = checked(reference, image)
    if lpips_absence() or min(image.shape[:2]) < SMALLEST:
        return None
    with torch.inference_mode():
        batches = (torch.from_numpy(2 * pixels - 1).permute(2, 0, 1)[None] for pixels in (reference, image))
        return float(_network(_weights())(*batches))


def lpips_absence() -> str | None:
    """What LPIPS lacks on this machine and how to mend it, in a line; None where it lacks nothing."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        return f"LPIPS needs the packages {' and '.join(missing)}: pip install {' '.join(missing)}"
    if not _weights().is_file():
        return f"LPIPS needs the weights of VGG-16: put torchvision's {BACKBONE} into {_weights().parent}"
    for name in PACKAGES:
        try:
            importlib.import_module(name)
        except Exception as error:  # a torchvision made for another torch raises RuntimeError
            cause = str(error).partition("\n")[0]
            return f"LPIPS needs a {name} that loads, reinstall it for torch {torch.__version__}: {cause}"
    return None


def _weights() -> Path:
    """Where torch caches the weights of the backbone."""
    return Path(torch.hub.get_dir(), "checkpoints", BACKBONE)


@functools.cache
def _network(weights: Path) -> Any:
    """The LPIPS module of the package, its backbone filled from a file."""
    from lpips import LPIPS

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lpips passes arguments that torchvision calls deprecated
        # A backbone "of random weights" is one that torchvision does not download.
        network = LPIPS(net="vgg", pnet_rand=True, verbose=False)
    backbone = torch.load(weights, map_location="cpu", weights_only=True)
    # The module cuts the layers into slices and keeps their numbers: slice2.5.bias is features.5.bias.
    names = {name: f"features.{name.partition('.')[2]}" for name in network.net.state_dict()}
    network.net.load_state_dict({name: backbone[source] for name, source in names.items()})
    return network.eval()
