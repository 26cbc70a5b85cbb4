"""Niantic's SPZ: a scene in about 20 quantised bytes per Gaussian (65 with SH of degree 3) before gzip.

quantity         bytes  value                                       error of one write and read
position         3 x 3  signed fixed point, `fractional_bits` b      2**-(b+1)
opacity          1      byte / 255                                   1/510; below 1/510 becomes 0
constant colour  3      (byte / 255 - 0.5) / 0.15                    1/76.5, SH coefficient clamped to +-10/3
log scale        3      byte / 16 - 10                               1/32, clamped to -10..5.9375
rotation         4      three smallest of x, y, z, w; 9 bits + sign  sqrt(1/2) / 1022 each
SH, degree 1     1      (byte - 128) / 128 in steps of 8             9/256, clamped to -1..127/128
SH, degree 2, 3  1      the same in steps of 16                      17/256

Formulas after load-spz.cc of github.com/nianticlabs/spz. The data of a file point Right, Up, Back.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ralhe.coordinates import convert
from ralhe.errors import SceneError
from ralhe.files.notice import notice
from ralhe.files.spz_container import SMALLEST_THREE_SINCE, Bytes, Sections, pack, unpack
from ralhe.gaussians import Array, Gaussians

WRITTEN_VERSION = 3  # gzip; every current viewer reads it, version 4 needs a reader with zstd
USUAL_FRACTIONAL_BITS = 12  # what the reference writes
BOX_STEPS_LOG2 = 14  # a small scene gets more fractional bits, for this resolution of its longest side
POSITION_BITS = 24
COLOR_SCALE = 0.15  # leaves room for base colours that SH bring back into 0..1
SH_DEGREE_1 = 3  # coefficients
SH_STEP_DEGREE_1 = 8
SH_STEP_REST = 16
ROTATION_LEVELS = 511  # of a magnitude from 0 to sqrt(1/2)

Reals = npt.NDArray[np.float64]


def decode(data: bytes, name: str) -> Gaussians:
    """The scene in an .spz file of version 1 to 4; `name` leads every message.

    Coordinates are RUB, or what the file's extension says. Opacity bytes 0 and 255 are exactly 0 and 1, so
    their logits are infinite. Raises SceneError as `spz_container.unpack` does.
    """
    sections = unpack(data, name)
    alphas = sections.alphas[:, 0].astype(np.float64)
    with np.errstate(divide="ignore"):
        logits = np.log(alphas) - np.log(255 - alphas)
    dc = (sections.colors / 255 - 0.5) / COLOR_SCALE
    rest = (sections.sh.astype(np.float32) - 128) / 128
    coefficients = (sections.sh_degree + 1) ** 2 - 1
    rotations = (_unpack_smallest_three if sections.version >= SMALLEST_THREE_SINCE else _unpack_xyz)(
        sections.rotations
    )
    return Gaussians(
        positions=_unpack_positions(sections),
        log_scales=sections.scales.astype(np.float32) / np.float32(16) - np.float32(10),
        rotations=rotations.astype(np.float32),
        opacity_logits=logits.astype(np.float32),
        sh=np.concatenate([dc[:, None], rest.reshape(len(dc), coefficients, 3)], axis=1, dtype=np.float32),
        antialiased=sections.antialiased,
        coordinates=sections.coordinates,
    )


def encode(gaussians: Gaussians) -> bytes:
    """The scene as an .spz file of version 3, in RUB ("unspecified" counts as RDF, the .ply convention).

    Fractional bits: 12 like the reference; more for a box below 4 units, so that its longest side has 2**14
    steps; fewer, with a SceneNotice, for positions beyond +-2048, which 12 bits would wrap. Values beyond the
    ranges in this module's table are clamped. Raises SceneError for NaN, for infinite positions or rotations,
    and for positions beyond +-2**23.
    """
    _check_values(gaussians)
    gaussians = convert(gaussians, "RUB")
    bits = _fractional_bits(gaussians)
    n = len(gaussians)
    sections = Sections(
        version=WRITTEN_VERSION,
        sh_degree=gaussians.sh_degree,
        fractional_bits=bits,
        antialiased=gaussians.antialiased,
        coordinates="RUB",
        positions=_pack_positions(gaussians.positions, bits),
        alphas=_to_byte(gaussians.opacities[:, None].astype(np.float64) * 255),
        colors=_to_byte(gaussians.sh[:, 0].astype(np.float64) * (COLOR_SCALE * 255) + 127.5),
        scales=_to_byte((gaussians.log_scales.astype(np.float64) + 10) * 16),
        rotations=_pack_smallest_three(gaussians.rotations),
        sh=_pack_sh(gaussians.sh[:, 1:]).reshape(n, 3 * (gaussians.sh.shape[1] - 1)),
    )
    return pack(sections)


def _check_values(gaussians: Gaussians) -> None:
    usable = np.isfinite(gaussians.positions).all(axis=1) & np.isfinite(gaussians.rotations).all(axis=1)
    usable &= ~np.isnan(gaussians.log_scales).any(axis=1) & ~np.isnan(gaussians.opacity_logits)
    usable &= ~np.isnan(gaussians.sh).any(axis=(1, 2))
    if not usable.all():
        raise SceneError(
            f"{(~usable).sum()} Gaussians hold NaN or infinite values, which .spz cannot store; "
            "drop them with ralhe.prepare, or write .ply, which keeps them"
        )


def _fractional_bits(gaussians: Gaussians) -> int:
    """The number of fractional bits for finite positions; `encode` states the rule."""
    low, high = gaussians.bounding_box
    farthest = max(float(high.max()), -float(low.min()))
    limit = (1 << (POSITION_BITS - 1)) - 1
    fitting = [b for b in range(POSITION_BITS) if round(farthest * 2.0**b) <= limit]
    if not fitting:
        raise SceneError(f"positions reach {farthest:g}, but .spz holds at most {limit}; scale the scene or write .ply")
    most = fitting[-1]
    if most < USUAL_FRACTIONAL_BITS:
        notice(f"positions reach {farthest:g}, so .spz rounds them all to multiples of {2.0**-most:g}")
        return most
    longest_side = float(np.max(high - low))
    if longest_side == 0:
        return USUAL_FRACTIONAL_BITS
    fine = (b for b in range(USUAL_FRACTIONAL_BITS, most) if longest_side * 2**b >= 2**BOX_STEPS_LOG2)
    return next(fine, most)


def _to_byte(values: Reals) -> Bytes:
    """Nearest byte, halves away from zero as C rounds; infinities clamp."""
    rounded: Bytes = np.floor(np.clip(values, 0, 255) + 0.5).astype(np.uint8)
    return rounded


def _pack_positions(positions: Array, bits: int) -> Bytes:
    """[N, 9] little-endian 24-bit fixed point."""
    fixed = np.rint(positions.astype(np.float64) * 2.0**bits).astype("<i4")
    packed: Bytes = fixed.view(np.uint8).reshape(len(fixed), 3, 4)[:, :, :3].reshape(len(fixed), 9)
    return packed


def _unpack_positions(sections: Sections) -> Array:
    """[N, 3] in units of the scene."""
    n = len(sections.positions)
    if sections.version == 1:
        halves = np.ascontiguousarray(sections.positions).view("<f2")
        return halves.astype(np.float32)
    fixed = np.zeros((n, 3, 4), np.uint8)
    fixed[:, :, 1:] = sections.positions.reshape(n, 3, 3)
    signed = fixed.view("<i4")[:, :, 0] >> 8  # the shift extends the sign
    return signed.astype(np.float32) * np.float32(2.0**-sections.fractional_bits)


def _pack_smallest_three(rotations: Array) -> Bytes:
    """[N, 4] two bits naming the largest of x, y, z, w, then sign and 9-bit magnitude of each other.

    A quaternion of norm 0 is written as the identity, which is how renderers draw it.
    """
    q = np.roll(rotations.astype(np.float64), -1, axis=1)  # x, y, z, w
    norm = np.linalg.norm(q, axis=1, keepdims=True)
    q = np.where(norm > 0, q / np.where(norm > 0, norm, 1), [0, 0, 0, 1])
    largest = np.abs(q).argmax(axis=1)
    q = q * np.where(q[np.arange(len(q)), largest] < 0, -1, 1)[:, None]
    magnitude = np.floor(np.abs(q) * (np.sqrt(2) * ROTATION_LEVELS) + 0.5).astype(np.uint32)
    field = magnitude | (q < 0).astype(np.uint32) << np.uint32(9)
    word = largest.astype(np.uint32)
    for i in range(4):
        word = np.where(largest == i, word, word << np.uint32(10) | field[:, i])
    packed: Bytes = word.astype("<u4").view(np.uint8).reshape(len(word), 4)
    return packed


def _unpack_smallest_three(codes: Bytes) -> Reals:
    """[N, 4] unit quaternions w, x, y, z."""
    word = np.ascontiguousarray(codes).view("<u4")[:, 0].astype(np.uint32)
    largest = word >> np.uint32(30)
    q = np.zeros((len(word), 4))
    for i in (3, 2, 1, 0):
        magnitude = (word & np.uint32(511)) * (np.sqrt(0.5) / ROTATION_LEVELS)
        signed = np.where(word & np.uint32(512), -magnitude, magnitude)
        q[:, i] = np.where(largest == i, 0, signed)
        word = np.where(largest == i, word, word >> np.uint32(10))
    q[np.arange(len(q)), largest] = np.sqrt(np.maximum(0, 1 - (q**2).sum(axis=1)))
    return np.roll(q, 1, axis=1)


def _unpack_xyz(codes: Bytes) -> Reals:
    """[N, 4] unit quaternions w, x, y, z of versions 1 and 2, which store x, y, z and imply w >= 0."""
    xyz = codes / 127.5 - 1
    w = np.sqrt(np.maximum(0, 1 - (xyz**2).sum(axis=1, keepdims=True)))
    return np.concatenate([w, xyz], axis=1)


def _pack_sh(rest: Array) -> Bytes:
    """[N, coefficients, 3] bytes, rounded to the middle of steps of 8 (degree 1) and 16 (above)."""
    code = np.floor(np.clip(rest.astype(np.float64), -2, 2) * 128 + 0.5).astype(np.int32) + 128
    step = np.where(np.arange(rest.shape[1]) < SH_DEGREE_1, SH_STEP_DEGREE_1, SH_STEP_REST)[:, None]
    middle: Bytes = np.clip((code + step // 2) // step * step, 0, 255).astype(np.uint8)
    return middle
