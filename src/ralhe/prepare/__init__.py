"""From a trained scene to voxels: drop the unseen, keep the important, voxelise, merge, order."""

from ralhe.prepare.attributes import attributes_of
from ralhe.prepare.clean import Cleaned, clean
from ralhe.prepare.harmonics import harmonic_basis, in_basis
from ralhe.prepare.importance import footprint, importance
from ralhe.prepare.merge import Voxelised, gaussians_of, voxelise
from ralhe.prepare.simplify import most_important, nearest_kept
from ralhe.prepare.voxels import VoxelGrid, choose_grid

__all__ = [
    "Cleaned",
    "VoxelGrid",
    "Voxelised",
    "attributes_of",
    "choose_grid",
    "clean",
    "footprint",
    "gaussians_of",
    "harmonic_basis",
    "importance",
    "in_basis",
    "most_important",
    "nearest_kept",
    "voxelise",
]
