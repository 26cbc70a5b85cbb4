"""Damaged files end in a SceneError of one line or a scene, never in another error or a huge allocation."""

from __future__ import annotations

import gzip
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ralhe.errors import SceneError
from ralhe.files import read, write
from ralhe.gaussians import Gaussians

ASCII = b"""ply
format ascii 1.0
comment ralhe coordinates RUB
element vertex 2
property float x
property float y
property float z
property float f_dc_0
property float f_dc_1
property float f_dc_2
property float opacity
property float scale_0
property float scale_1
property float scale_2
property float rot_0
property float rot_1
property float rot_2
property double rot_3
element face 1
property list uchar int vertex_indices
end_header
1 2 3 0.1 0.2 0.3 nan -4 -5 -6 1 0 0 0
1 2 3 0.1 0.2 0.3 inf -4 -5 -6 1 0 0 0
3 0 1 1
"""

COMPRESSED = (
    b"ply\nformat binary_little_endian 1.0\nelement chunk 1\n"
    + b"".join(
        b"property float %s_%s\n" % (end, name)
        for group in ((b"x", b"y", b"z"), (b"scale_x", b"scale_y", b"scale_z"), (b"r", b"g", b"b"))
        for end in (b"min", b"max")
        for name in group
    )
    + b"element vertex 3\n"
    + b"".join(b"property uint packed_%s\n" % n for n in (b"position", b"rotation", b"scale", b"color"))
    + b"element sh 3\n"
    + b"".join(b"property uchar f_rest_%d\n" % i for i in range(9))
    + b"end_header\n"
    + bytes(range(72))
    + bytes(range(48))
    + bytes(range(27))
)

KINDS = ("ply", "ascii", "compressed", "spz")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


@pytest.fixture(scope="module")
def whole(folder: Path, make_scene: Callable[..., Gaussians]) -> dict[str, bytes]:
    """Kind -> content of a small sound file."""
    scene = make_scene(n=3, degree=1)
    contents = {"ascii": ASCII, "compressed": COMPRESSED}
    for kind in ("ply", "spz"):
        write(folder / f"whole.{kind}", scene)
        contents[kind] = (folder / f"whole.{kind}").read_bytes()
    return contents


def outcome(folder: Path, content: bytes) -> Gaussians | SceneError:
    """The scene, or the error after checking that it is one line that begins with the file's name."""
    path = folder / "damaged.bin"
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return read(path)
        except SceneError as error:
            assert str(error).startswith("damaged.bin: ")
            assert len(str(error).splitlines()) == 1
            assert error.__cause__ is None
            return error


@pytest.mark.parametrize("kind", KINDS)
def test_sound_files_are_sound(folder: Path, whole: dict[str, bytes], kind: str) -> None:
    assert isinstance(outcome(folder, whole[kind]), Gaussians)


@pytest.mark.parametrize("kind", KINDS)
def test_every_truncation_is_an_error(folder: Path, whole: dict[str, bytes], kind: str) -> None:
    content = whole[kind].rstrip() if kind == "ascii" else whole[kind]
    for end in range(len(content) - 1):
        assert isinstance(outcome(folder, content[:end]), SceneError), end


@pytest.mark.parametrize("kind", KINDS)
@settings(
    max_examples=250,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_changed_bytes(folder: Path, whole: dict[str, bytes], kind: str, data: st.DataObject) -> None:
    content = bytearray(whole[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        drop = data.draw(st.integers(0, 2))
        content[at : at + drop] = data.draw(st.binary(max_size=3))
    outcome(folder, bytes(content))


@settings(max_examples=250, deadline=None, database=None)
@given(at=st.integers(0, 15), value=st.integers(0, 255), cut=st.integers(0, 60))
def test_changed_header_inside_gzip(folder: Path, whole: dict[str, bytes], at: int, value: int, cut: int) -> None:
    content = bytearray(gzip.decompress(whole["spz"]))
    content[at] = value
    outcome(folder, gzip.compress(bytes(content[: len(content) - cut]), compresslevel=1))


@settings(max_examples=250, deadline=None, database=None)
@given(
    content=st.binary(max_size=200),
    magic=st.sampled_from([b"", b"ply\n", b"\x1f\x8b\x08\x00", b"NGSP\x04\0\0\0"]),
)
def test_garbage(folder: Path, content: bytes, magic: bytes) -> None:
    outcome(folder, magic + content)


HEAD = b"ply\nformat %s 1.0\n%selement vertex %s\n"
PROPERTY = b"property double p%d\n"


@pytest.mark.parametrize("count", [b"4000000000", b"+4000000000", b"4_000_000_000", b"0" * 30 + b"4000000000"])
@pytest.mark.parametrize("encoding", [b"ascii", b"binary_little_endian"])
@pytest.mark.parametrize("comment", [b"", b"comment end_header\n"])
def test_a_header_cannot_claim_memory(folder: Path, count: bytes, encoding: bytes, comment: bytes) -> None:
    head = HEAD % (encoding, comment, count) + b"".join(PROPERTY % i for i in range(50)) + b"end_header\n"
    tracemalloc.start()
    assert isinstance(outcome(folder, head + b"1 " * 1000), SceneError)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 22


def test_many_properties_cannot_claim_memory(folder: Path) -> None:
    head = HEAD % (b"ascii", b"", b"100000") + b"".join(PROPERTY % i for i in range(5000)) + b"end_header\n"
    assert isinstance(outcome(folder, head), SceneError)


def test_negative_and_absurd_counts(folder: Path) -> None:
    for count in (b"-1", b"9" * 5000, b"1.5", b"x"):
        content = HEAD % (b"binary_little_endian", b"", count) + b"property float x\nend_header\n" + bytes(64)
        assert isinstance(outcome(folder, content), SceneError)
