"""Niantic's SPZ: values byte by byte, bounds of the quantisation, limits of the container."""

from __future__ import annotations

import gzip
import math
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ralhe.coordinates import convert
from ralhe.errors import SceneError
from ralhe.files import SceneNotice, read, spz_container, write
from ralhe.gaussians import Coordinates, Gaussians

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MakeScene = Callable[..., Gaussians]
AssertSame = Callable[[Gaussians, Gaussians], None]

MAGIC = 0x5053474E
RAW = {  # two Gaussians of degree 1, as the format stores them
    "positions": bytes.fromhex("001800 ffffff 000080") + bytes.fromhex("010000 000000 ffff7f"),
    "halves": struct.pack("<6e", 1.5, -2.0, 0.25, 0.0, 65504, -0.5),
    "alphas": bytes([0, 255]),
    "colors": bytes([0, 127, 255, 10, 20, 30]),
    "scales": bytes([0, 16, 255, 160, 161, 1]),
    "xyz": bytes([255, 128, 127, 127, 0, 127]),
    "smallest": struct.pack("<II", 3 << 30 | 511 << 20 | (512 | 256) << 10 | 0, 0 << 30 | 1 << 20 | 2 << 10 | 3),
    "sh": bytes(range(120, 138)),
}


def raw_file(version: int, degree: int = 1, fractional_bits: int = 12, flags: int = 0, count: int = 2,
             tail: bytes = b"") -> bytes:  # fmt: skip
    head = struct.pack("<IIIBBBB", MAGIC, version, count, degree, fractional_bits, flags, 0)
    positions = RAW["halves" if version == 1 else "positions"]
    rotations = RAW["smallest" if version >= 3 else "xyz"]
    sections = positions, RAW["alphas"], RAW["colors"], RAW["scales"], rotations, RAW["sh"]
    return gzip.compress(head + b"".join(sections) + tail, mtime=0)


def read_bytes(tmp_path: Path, content: bytes) -> Gaussians:
    path = tmp_path / "scene.spz"
    path.write_bytes(content)
    return read(path)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_version_byte_by_byte(tmp_path: Path, version: int) -> None:
    scene = read_bytes(tmp_path, raw_file(version))
    assert (len(scene), scene.sh_degree, scene.coordinates, scene.antialiased) == (2, 1, "RUB", False)
    if version == 1:
        expected = [[1.5, -2.0, 0.25], [0.0, 65504.0, -0.5]]
    else:
        expected = [[1.5, -1 / 4096, -2048.0], [1 / 4096, 0.0, 8388607 / 4096]]
    assert scene.positions.tolist() == expected
    assert scene.log_scales.tolist() == [[-10.0, -9.0, 5.9375], [0.0, 0.0625, -9.9375]]
    assert scene.opacity_logits.tolist() == [-np.inf, np.inf]
    np.testing.assert_allclose(scene.sh[0, 0], [-0.5 / 0.15, (127 / 255 - 0.5) / 0.15, 0.5 / 0.15], rtol=1e-6)
    assert scene.sh[0, 1].tolist() == [-8 / 128, -7 / 128, -6 / 128]  # R, G, B of one coefficient together
    assert scene.sh[1, 3].tolist() == [7 / 128, 8 / 128, 9 / 128]
    if version == 3:
        x, y = math.sqrt(0.5), -math.sqrt(0.5) * 256 / 511
        np.testing.assert_allclose(scene.rotations[0], [math.sqrt(1 - x * x - y * y), x, y, 0], atol=1e-6)
        assert scene.rotations[1].argmax() == 1  # code 0 names x
    else:
        np.testing.assert_allclose(scene.rotations[0], [0, 1, 1 / 255, -1 / 255], atol=1e-6)
        x, y, z = -1 / 255, -1, -1 / 255  # longer than 1, so nothing is left for w
        np.testing.assert_allclose(scene.rotations[1], [0, x, y, z], atol=1e-6)


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@pytest.mark.parametrize("n", [0, 1, 200])
def test_round_trip_within_the_bounds_of_the_format(tmp_path: Path, make_scene: MakeScene, degree: int, n: int) -> None:
    scene = make_scene(n=n, degree=degree, antialiased=True, coordinates="RUB")
    write(tmp_path / "scene.spz", scene)
    back = read(tmp_path / "scene.spz")
    assert (len(back), back.sh_degree, back.antialiased, back.coordinates) == (n, degree, True, "RUB")
    assert np.abs(back.positions - scene.positions).max(initial=0) <= 2**-13 + 1e-6
    assert np.abs(back.log_scales - scene.log_scales).max(initial=0) <= 1 / 32 + 1e-6
    assert np.abs(back.opacities - scene.opacities).max(initial=0) <= 1 / 510 + 1e-6
    assert np.abs(back.sh[:, 0] - scene.sh[:, 0]).max(initial=0) <= 1 / 76.5 + 1e-6
    assert np.abs(back.sh[:, 1:4] - scene.sh[:, 1:4]).max(initial=0) <= 9 / 256 + 1e-6
    assert np.abs(back.sh[:, 4:] - scene.sh[:, 4:]).max(initial=0) <= 17 / 256 + 1e-6
    unit = scene.rotations / np.linalg.norm(scene.rotations, axis=1, keepdims=True)
    largest = np.abs(unit).argmax(axis=1)
    unit *= np.sign(unit[np.arange(n), largest])[:, None]
    error = np.abs(back.rotations - unit)
    error[np.arange(n), largest] = 0  # derived from the other three
    assert error.max(initial=0) <= math.sqrt(0.5) / 1022 + 1e-6
    assert np.abs((back.rotations * unit).sum(axis=1)).min(initial=1) > 1 - 1e-5


def test_writing_what_was_read_changes_nothing(tmp_path: Path, make_scene: MakeScene, assert_same: AssertSame) -> None:
    write(tmp_path / "a.spz", make_scene(n=100, degree=3))
    once = read(tmp_path / "a.spz")
    write(tmp_path / "b.spz", once)
    twice = read(tmp_path / "b.spz")
    for field in ("positions", "log_scales", "opacity_logits"):
        assert getattr(once, field).tobytes() == getattr(twice, field).tobytes()
    np.testing.assert_allclose(twice.sh, once.sh, atol=1e-6)
    np.testing.assert_allclose(twice.rotations, once.rotations, atol=1e-6)


def test_equal_scenes_give_equal_bytes(tmp_path: Path, make_scene: MakeScene) -> None:
    for name in ("a.spz", "b.spz"):
        write(tmp_path / name, make_scene(degree=2))
    assert (tmp_path / "a.spz").read_bytes() == (tmp_path / "b.spz").read_bytes()


@pytest.mark.parametrize("system", ["unspecified", "RDF", "LUF"])
def test_writes_rub_whatever_the_scene_uses(tmp_path: Path, make_scene: MakeScene, system: Coordinates) -> None:
    scene = make_scene(degree=3, coordinates=system)
    write(tmp_path / "scene.spz", scene)
    back = read(tmp_path / "scene.spz")
    assert back.coordinates == "RUB"
    assert np.abs(back.positions - convert(scene, "RUB").positions).max() < 2**-12
    assert np.abs(back.sh - convert(scene, "RUB").sh).max() < 0.07


def scene_at(positions: list[list[float]]) -> Gaussians:
    n = len(positions)
    rotations = np.tile(np.array([1, 0, 0, 0], np.float32), (n, 1))
    zeros = np.zeros((n, 3), np.float32)
    placed, logits = np.array(positions, np.float32), np.zeros(n, np.float32)
    return Gaussians(placed, zeros, rotations, logits, zeros[:, None], coordinates="RUB")


def stored_bits(path: Path) -> int:
    return gzip.decompress(path.read_bytes())[13]


@pytest.mark.parametrize(
    ("positions", "bits"),
    [
        ([[0, 0, 0], [4, 1, 1]], 12),
        ([[-2047.9, 0, 0], [2047.9, 0, 0]], 12),
        ([[0, 0, 0], [0.01, 0, 0]], 21),
        ([[1000, 0, 0], [1000.01, 0, 0]], 13),  # a small box far out gets what its distance leaves
        ([[5, 5, 5]], 12),
    ],
)
def test_fractional_bits_follow_the_box(tmp_path: Path, positions: list[list[float]], bits: int) -> None:
    scene = scene_at(positions)
    write(tmp_path / "scene.spz", scene)
    assert stored_bits(tmp_path / "scene.spz") == bits
    assert np.abs(read(tmp_path / "scene.spz").positions - scene.positions).max() <= 2.0 ** -(bits + 1)


@pytest.mark.parametrize(("far", "bits"), [(2048, 11), (-2048.2, 11), (5000, 10), (8388607, 0)])
def test_far_positions_do_not_wrap(tmp_path: Path, far: float, bits: int) -> None:
    with pytest.warns(SceneNotice, match="rounds them all to multiples of"):
        write(tmp_path / "scene.spz", scene_at([[far, 0, 0]]))
    assert stored_bits(tmp_path / "scene.spz") == bits
    assert abs(read(tmp_path / "scene.spz").positions[0, 0] - far) <= 2.0 ** -(bits + 1)


def test_refuses_positions_that_no_bits_can_hold(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match=r"scale the scene or write .ply"):
        write(tmp_path / "scene.spz", scene_at([[1e7, 0, 0]]))


def test_refuses_what_has_no_code(tmp_path: Path, make_scene: MakeScene) -> None:
    scene = make_scene()
    scene.positions[3, 1] = np.inf
    scene.sh[5, 0, 0] = np.nan
    with pytest.raises(SceneError, match="2 Gaussians hold NaN or infinite values"):
        write(tmp_path / "scene.spz", scene)
    assert list(tmp_path.iterdir()) == []


def test_extremes_clamp_to_the_ends_of_the_ranges(tmp_path: Path, make_scene: MakeScene) -> None:
    scene = make_scene(n=2, degree=2)
    scene.log_scales[:] = [[-np.inf, -20, 9], [np.inf, -10, 5.9375]]
    scene.opacity_logits[:] = [-np.inf, np.inf]
    scene.sh[0], scene.sh[1] = 50, -np.inf
    scene.rotations[0] = 0
    write(tmp_path / "scene.spz", scene)
    back = read(tmp_path / "scene.spz")
    assert back.log_scales.tolist() == [[-10, -10, 5.9375], [5.9375, -10, 5.9375]]
    assert back.opacity_logits.tolist() == [-np.inf, np.inf]
    back = convert(back, "RDF")
    assert np.abs(back.sh[:, 0]).tolist() == pytest.approx(np.full((2, 3), 0.5 / 0.15))
    assert (np.abs(back.sh[:, 1:]) >= 127 / 128).all()
    assert (np.sign(back.sh) == np.sign(scene.sh)).all()
    assert back.rotations[0].tolist() == [1, 0, 0, 0]


def record(kind: int, content: bytes) -> bytes:
    return struct.pack("<II", kind, len(content)) + content


@pytest.mark.parametrize(("code", "system"), [(0, "RUB"), (1, "LDB"), (4, "RUB"), (6, "RDF"), (8, "RUF")])
def test_extension_names_the_coordinates(tmp_path: Path, code: int, system: Coordinates) -> None:
    tail = record(0xADBE0002, bytes(12)) + record(0xADBE0003, struct.pack("<I", code))
    assert read_bytes(tmp_path, raw_file(3, flags=3, tail=tail)).coordinates == system
    assert read_bytes(tmp_path, raw_file(3, flags=1, tail=tail)).coordinates == "RUB"


def test_refuses_swapped_axes(tmp_path: Path) -> None:
    tail = record(0xADBE0003, struct.pack("<I", 12))
    with pytest.raises(SceneError, match="y and z swapped"):
        read_bytes(tmp_path, raw_file(3, flags=2, tail=tail))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (raw_file(3, count=3), "does not end with the scene"),
        (raw_file(3, count=1), None),
        (raw_file(3, degree=4), "SH degree is 4"),
        (raw_file(5), "version 5 in gzip"),
        (raw_file(0), "version 0 in gzip"),
        (raw_file(3, fractional_bits=99), "99 fractional bits"),
        (raw_file(3, count=0xFFFFFFFF), "cannot hold"),
        (raw_file(3, tail=bytes(2 << 20)), "does not end with the scene"),
        (gzip.compress(b"ply\nformat ascii 1.0\nend_header\n"), "gzip data that is not SPZ"),
        (gzip.compress(b"NGSP"), "too short"),
        (raw_file(3)[:-4], "does not end with the scene"),
        (raw_file(3)[:-8] + bytes(8), "damaged gzip data"),
    ],
)
def test_container_is_checked(tmp_path: Path, content: bytes, message: str | None) -> None:
    if message is None:
        assert len(read_bytes(tmp_path, content)) == 1
        return
    with pytest.raises(SceneError, match=rf"^scene.spz: .*{message}"):
        read_bytes(tmp_path, content)


def test_refuses_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spz_container, "FREE_BYTES", 1 << 16)
    head = struct.pack("<IIIBBBB", MAGIC, 3, 50_000, 0, 12, 0, 0)
    with pytest.raises(SceneError, match="cannot hold"):
        read_bytes(tmp_path, gzip.compress(head + bytes(20 * 50_000)))


def version_4(compress: Callable[[bytes], bytes], flags: int = 0, extensions: bytes = b"", count: int = 2) -> bytes:
    names = ("positions", "alphas", "colors", "scales", "smallest", "sh")
    table = 32 + len(extensions)
    head = struct.pack("<IIIBBBBI12x", MAGIC, 4, count, 1, 12, flags, 6, table)
    frames = [compress(RAW[name]) for name in names]
    sizes = [struct.pack("<QQ", len(f), len(RAW[n])) for f, n in zip(frames, names, strict=True)]
    return head + extensions + b"".join(sizes) + b"".join(frames)


def test_version_4_holds_the_same_sections(tmp_path: Path, assert_same: AssertSame) -> None:
    extensions = record(0xADBE0003, struct.pack("<I", 4))
    content = version_4(zstd.compress, flags=3, extensions=extensions)
    assert_same(read_bytes(tmp_path, content), read_bytes(tmp_path, raw_file(3, flags=1)))


def test_version_4_damage_is_named(tmp_path: Path) -> None:
    whole = version_4(zstd.compress)
    for end in range(4, len(whole), 3):
        with pytest.raises(SceneError, match=r"^scene.spz: "):
            read_bytes(tmp_path, whole[:end])


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [(4, 7, "version 7 is unknown"), (15, 5, "table of 5 sections"), (16, 0, "table of 6 sections")],
)
def test_version_4_header_is_checked(tmp_path: Path, at: int, value: int, message: str) -> None:
    content = bytearray(version_4(bytes))
    content[at] = value
    with pytest.raises(SceneError, match=message):
        read_bytes(tmp_path, bytes(content))


def test_version_4_may_be_empty(tmp_path: Path) -> None:
    content = struct.pack("<IIIBBBBI12x", MAGIC, 4, 0, 3, 12, 0, 0, 32)
    assert len(read_bytes(tmp_path, content)) == 0
