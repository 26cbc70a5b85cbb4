"""PlayCanvas' .compressed.ply, made here word by word."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from ralhe.errors import SceneError
from ralhe.files import read
from ralhe.gaussians import SH_C0, Gaussians

Words = npt.NDArray[np.uint32]
Bytes = npt.NDArray[np.uint8]

RANGES = ["x", "y", "z"], ["scale_x", "scale_y", "scale_z"], ["r", "g", "b"]
N = 300  # two chunks, the second not full
LOW = np.array([[-1, -2, -3, -9, -8, -7, -0.5, -0.25, 0], [5, 5, 5, -4, -4, -4, 0, 0, 0]], np.float32)
HIGH = np.array([[1, 2, 3, -1, -2, -3, 1.5, 1.25, 1], [5, 6, 8, -4, -3, -2, 2, 1, 1]], np.float32)


def compressed(words: Words, colors: bool = True, sh: Bytes | None = None, order: str = "<", chunks: int = 2,
               comment: str = "comment x") -> bytes:  # fmt: skip
    """[N, 4] words and [N, 9 | 24 | 45] bytes to a file's content."""
    groups = RANGES if colors else RANGES[:2]
    names = [f"{end}_{name}" for group in groups for end in ("min", "max") for name in group]
    lines = ["ply", f"format binary_{'little' if order == '<' else 'big'}_endian 1.0", comment]
    lines += [f"element chunk {chunks}", *(f"property float {name}" for name in names)]
    lines += [f"element vertex {len(words)}"]
    lines += [f"property uint packed_{name}" for name in ("position", "rotation", "scale", "color")]
    if sh is not None:
        lines += [f"element sh {len(sh)}", *(f"property uchar f_rest_{i}" for i in range(sh.shape[1]))]
    body = b""
    for low, high in list(zip(LOW, HIGH, strict=True))[:chunks]:
        for at in range(0, 3 * len(groups), 3):
            body += struct.pack(f"{order}6f", *low[at : at + 3], *high[at : at + 3])
    body += np.asarray(words, f"{order}u4").tobytes()
    body += sh.tobytes() if sh is not None else b""
    return "\n".join([*lines, "end_header\n"]).encode() + body


def read_bytes(tmp_path: Path, content: bytes) -> Gaussians:
    path = tmp_path / "scene.compressed.ply"
    path.write_bytes(content)
    return read(path)


def between(low: float, high: float, field: int, bits: int) -> float:
    return low + (high - low) * field / ((1 << bits) - 1)


@pytest.fixture
def words() -> Words:
    return np.random.default_rng(3).integers(0, 1 << 32, (N, 4), dtype=np.uint32)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("colors", [True, False])
def test_every_field_is_where_the_format_puts_it(tmp_path: Path, words: Words, order: str, colors: bool) -> None:
    scene = read_bytes(tmp_path, compressed(words, colors, order=order))
    assert (len(scene), scene.sh_degree, scene.coordinates) == (N, 0, "unspecified")
    for i in (0, 17, 255, 256, 299):
        low, high = LOW[i // 256].astype(float), HIGH[i // 256].astype(float)
        position, _, scale, color = (int(word) for word in words[i])
        for word, values, first in ((position, scene.positions[i], 0), (scale, scene.log_scales[i], 3)):
            for axis, (shift, bits) in enumerate(((21, 11), (11, 10), (0, 11))):
                field = (word >> shift) & ((1 << bits) - 1)
                expected = between(low[first + axis], high[first + axis], field, bits)
                assert values[axis] == pytest.approx(expected, abs=1e-6)
        for channel in range(3):
            byte = (color >> (24 - 8 * channel)) & 255
            value = between(low[6 + channel], high[6 + channel], byte, 8) if colors else byte / 255
            assert scene.sh[i, 0, channel] == pytest.approx((value - 0.5) / SH_C0, abs=1e-5)
        alpha = (color & 255) / 255
        assert scene.opacity_logits[i] == pytest.approx(math.log(alpha / (1 - alpha)), abs=1e-5)


@pytest.mark.parametrize("largest", [0, 1, 2, 3])
def test_rotation_restores_the_largest_component(tmp_path: Path, words: Words, largest: int) -> None:
    fields = (100, 512, 900)
    words[:, 1] = (largest << 30) | (fields[0] << 20) | (fields[1] << 10) | fields[2]
    rotation = read_bytes(tmp_path, compressed(words)).rotations[0]
    others = [(field / 1023 - 0.5) * math.sqrt(2) for field in fields]
    expected = list(others)
    expected.insert(largest, math.sqrt(1 - sum(value**2 for value in others)))
    np.testing.assert_allclose(rotation, expected, atol=1e-6)


def test_opacity_of_exactly_nothing_and_everything(tmp_path: Path, words: Words) -> None:
    words[:, 3] &= 0xFFFFFF00
    words[1, 3] |= 255
    logits = read_bytes(tmp_path, compressed(words)).opacity_logits
    assert logits[0] == -np.inf
    assert logits[1] == np.inf


@pytest.mark.parametrize(("count", "degree"), [(9, 1), (24, 2), (45, 3)])
def test_spherical_harmonics(tmp_path: Path, words: Words, count: int, degree: int) -> None:
    codes = np.random.default_rng(4).integers(0, 256, (N, count), dtype=np.uint8)
    codes[0, :3] = [0, 255, 128]
    scene = read_bytes(tmp_path, compressed(words, sh=codes))
    assert scene.sh_degree == degree
    np.testing.assert_allclose(scene.sh[0, 1:4, 0], [-4, 4, 8 * (128.5 / 256 - 0.5)], atol=1e-6)
    per_channel = count // 3
    code = codes[9, per_channel + 1]  # second coefficient of green
    assert 0 < code < 255
    assert scene.sh[9, 2, 1] == pytest.approx(8 * ((code + 0.5) / 256 - 0.5), abs=1e-6)


def test_tags_count_here_too(tmp_path: Path, words: Words) -> None:
    assert read_bytes(tmp_path, compressed(words, comment="comment SplatRenderMode: mip")).antialiased


def test_empty_scene(tmp_path: Path) -> None:
    scene = read_bytes(tmp_path, compressed(np.zeros((0, 4), np.uint32), chunks=0))
    assert len(scene) == 0


def test_refuses_too_few_chunks(tmp_path: Path, words: Words) -> None:
    with pytest.raises(SceneError, match="has 1 chunks for 300 Gaussians"):
        read_bytes(tmp_path, compressed(words, chunks=1))


@pytest.mark.parametrize("shape", [(N - 1, 9), (N, 12)])
def test_refuses_sh_that_fits_nothing(tmp_path: Path, words: Words, shape: tuple[int, int]) -> None:
    with pytest.raises(SceneError, match="element sh has"):
        read_bytes(tmp_path, compressed(words, sh=np.zeros(shape, np.uint8)))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"packed_scale", b"packed_sc", "vertex has no property packed_scale"),
        (b"float max_y", b"float may_y", "chunk has no property max_y"),
        (
            b"uint packed_color",
            b"float packed_color",
            "packed_color of element vertex is float32, expected u4",
        ),
        (b"float min_x", b"int min_x", "min_x of element chunk is int32, expected f"),
    ],
)
def test_names_what_is_wrong(tmp_path: Path, words: Words, old: bytes, new: bytes, message: str) -> None:
    with pytest.raises(SceneError, match=message):
        read_bytes(tmp_path, compressed(words).replace(old, new))
