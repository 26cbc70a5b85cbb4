"""Every dialect of the trainers' .ply."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from ralhe.errors import SceneError
from ralhe.files import SceneNotice, read, write
from ralhe.gaussians import Gaussians

MakeScene = Callable[..., Gaussians]
AssertSame = Callable[[Gaussians, Gaussians], None]
Values = dict[str, npt.NDArray[np.float64]]

REST = {0: 0, 1: 9, 2: 24, 3: 45}


def named_values(scene: Gaussians) -> Values:
    """Property name -> [N] float64, laid out by the words of the format: red first, then green, then blue."""
    values = {axis: scene.positions[:, i] for i, axis in enumerate("xyz")}
    per_channel = scene.sh.shape[1] - 1
    for channel in range(3):
        values[f"f_dc_{channel}"] = scene.sh[:, 0, channel]
        for k in range(per_channel):
            values[f"f_rest_{channel * per_channel + k}"] = scene.sh[:, 1 + k, channel]
    values["opacity"] = scene.opacity_logits
    values |= {f"scale_{i}": scene.log_scales[:, i] for i in range(3)}
    values |= {f"rot_{i}": scene.rotations[:, i] for i in range(4)}
    return {name: column.astype(np.float64) for name, column in values.items()}


CODES = {"float": "f", "double": "d", "uchar": "B", "int": "i"}


def hand_made(values: Values, encoding: str = "binary_little_endian", types: dict[str, str] | None = None,
              comments: Sequence[str] = (), before: str = "", after: str = "") -> bytes:  # fmt: skip
    """A .ply as text and struct alone would make it; `before` and `after` are further header lines."""
    types = types or {}
    rows = len(next(iter(values.values())))
    lines = ["ply", f"format {encoding} 1.0", *(f"comment {c}" for c in comments)]
    lines += [*before.splitlines(), f"element vertex {rows}"]
    lines += [f"property {types.get(name, 'float')} {name}" for name in values]
    lines += [*after.splitlines(), "end_header"]
    head = ("\n".join(lines) + "\n").encode()
    table = list(zip(*(column.tolist() for column in values.values()), strict=True))
    if encoding == "ascii":
        return head + "".join(" ".join(map(repr, row)) + "\n" for row in table).encode()
    order = "<" if encoding == "binary_little_endian" else ">"
    layout = order + "".join(CODES[types.get(name, "float")] for name in values)
    whole = [CODES[types.get(name, "float")] in "Bi" for name in values]
    cast = [[int(v) if w else v for v, w in zip(row, whole, strict=True)] for row in table]
    return head + b"".join(struct.pack(layout, *row) for row in cast)


def read_bytes(tmp_path: Path, content: bytes) -> Gaussians:
    path = tmp_path / "scene.ply"
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read(path)


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@pytest.mark.parametrize("encoding", ["ascii", "binary_little_endian", "binary_big_endian"])
def test_reads_every_encoding_and_degree(
    tmp_path: Path, make_scene: MakeScene, assert_same: AssertSame, encoding: str, degree: int
) -> None:
    scene = make_scene(degree=degree)
    assert_same(read_bytes(tmp_path, hand_made(named_values(scene), encoding)), scene)


def test_reads_windows_line_ends(tmp_path: Path, make_scene: MakeScene, assert_same: AssertSame) -> None:
    scene = make_scene(degree=0)
    content = hand_made(named_values(scene), "ascii").replace(b"\n", b"\r\n")
    assert_same(read_bytes(tmp_path, content), scene)


@pytest.mark.parametrize("seed", range(3))
def test_reads_any_order_of_properties(
    tmp_path: Path, make_scene: MakeScene, assert_same: AssertSame, seed: int
) -> None:
    scene = make_scene(degree=2)
    values = named_values(scene) | {name: np.zeros(len(scene)) for name in ("nx", "ny", "nz")}
    names = np.random.default_rng(seed).permutation(list(values))
    assert_same(read_bytes(tmp_path, hand_made({name: values[name] for name in names})), scene)


@pytest.mark.parametrize("encoding", ["ascii", "binary_big_endian"])
def test_reads_doubles_among_floats(
    tmp_path: Path, make_scene: MakeScene, assert_same: AssertSame, encoding: str
) -> None:
    scene = make_scene(degree=1)
    types = dict.fromkeys(("x", "y", "z", "opacity", "f_rest_3", "rot_2"), "double")
    assert_same(read_bytes(tmp_path, hand_made(named_values(scene), encoding, types)), scene)


def test_rounds_doubles_and_takes_integers(tmp_path: Path, make_scene: MakeScene) -> None:
    values = named_values(make_scene(n=2, degree=0))
    values["x"] = np.array([0.1, 1e300])
    values["y"] = np.array([-7.0, 3.0])
    scene = read_bytes(tmp_path, hand_made(values, types={"x": "double", "y": "int"}))
    assert scene.positions[:, 0].tolist() == [np.float32(0.1), np.inf]
    assert scene.positions[:, 1].tolist() == [-7, 3]


def test_one_notice_for_all_that_is_ignored(tmp_path: Path, make_scene: MakeScene, assert_same: AssertSame) -> None:
    scene = make_scene(degree=1)
    values = named_values(scene) | {name: np.full(len(scene), 9.0) for name in ("red", "confidence")}
    before = "element camera 1\nproperty float fov\nproperty uchar kind"
    after = "element face 0\nproperty list uchar int vertex_indices"
    content = hand_made(values, types={"red": "uchar"}, before=before, after=after)
    head, end, rows = content.partition(b"end_header\n")
    path = tmp_path / "busy.ply"
    path.write_bytes(head + end + struct.pack("<fB", 0.5, 3) + rows)
    with pytest.warns(SceneNotice) as notices:
        assert_same(read(path), scene)
    assert [str(notice.message) for notice in notices] == [
        "busy.ply: ignored property red, property confidence, element camera, element face"
    ]


@pytest.mark.parametrize("missing", ["x", "f_dc_1", "opacity", "scale_2", "rot_0"])
def test_names_a_missing_property(tmp_path: Path, make_scene: MakeScene, missing: str) -> None:
    values = named_values(make_scene())
    del values[missing]
    with pytest.raises(SceneError, match=f"^scene.ply: has no property {missing};"):
        read_bytes(tmp_path, hand_made(values))


@pytest.mark.parametrize("count", [1, 8, 27, 44, 72])
def test_refuses_a_count_of_sh_that_is_no_degree(tmp_path: Path, make_scene: MakeScene, count: int) -> None:
    values = named_values(make_scene(degree=0))
    values |= {f"f_rest_{i}": np.zeros(20) for i in range(count)}
    with pytest.raises(SceneError, match=rf"has {count} f_rest properties, expected 0, 9, 24 or 45 .*; export"):
        read_bytes(tmp_path, hand_made(values))


def test_names_a_gap_in_the_sh(tmp_path: Path, make_scene: MakeScene) -> None:
    values = named_values(make_scene(degree=1))
    values["f_rest_9"] = values.pop("f_rest_5")
    with pytest.raises(SceneError, match="no property f_rest_5"):
        read_bytes(tmp_path, hand_made(values))


def test_refuses_a_list_where_a_number_belongs(tmp_path: Path, make_scene: MakeScene) -> None:
    content = hand_made(named_values(make_scene(n=1, degree=0)), "ascii")
    content = content.replace(b"property float rot_3", b"property list uchar float rot_3")
    head, _, last = content.rstrip().rpartition(b" ")
    with pytest.raises(SceneError, match="property rot_3 is a list"):
        read_bytes(tmp_path, head + b" 1 " + last + b"\n")


def test_refuses_a_ply_without_vertices(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="no element vertex"):
        read_bytes(tmp_path, b"ply\nformat ascii 1.0\nelement point 1\nproperty float x\nend_header\n1\n")


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@pytest.mark.parametrize("n", [0, 1, 300])
def test_round_trip_is_exact(
    tmp_path: Path, make_scene: MakeScene, assert_same: AssertSame, degree: int, n: int
) -> None:
    scene = make_scene(n=n, degree=degree)
    write(tmp_path / "scene.ply", scene)
    assert_same(read(tmp_path / "scene.ply"), scene)


def test_round_trip_keeps_what_is_not_finite(tmp_path: Path, make_scene: MakeScene, assert_same: AssertSame) -> None:
    scene = make_scene(n=6, degree=3)
    logits = scene.opacity_logits.copy()
    logits[:3] = [np.inf, -np.inf, np.nan]
    positions, sh = scene.positions.copy(), scene.sh.copy()
    positions[4, 1] = np.nan
    positions[5] = [np.inf, -np.inf, -0.0]
    sh[2, 15, 2] = -np.nan
    odd = Gaussians(positions, scene.log_scales, scene.rotations, logits, sh)
    write(tmp_path / "odd.ply", odd)
    assert_same(read(tmp_path / "odd.ply"), odd)


def test_blocks_join_without_a_seam(
    tmp_path: Path, make_scene: MakeScene, assert_same: AssertSame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ralhe.files.ply.READ_ROWS", 7)
    monkeypatch.setattr("ralhe.files.ply.WRITE_ROWS", 9)
    scene = make_scene(n=50, degree=2)
    write(tmp_path / "scene.ply", scene)
    assert_same(read(tmp_path / "scene.ply"), scene)


def test_writes_the_order_that_viewers_expect(tmp_path: Path, make_scene: MakeScene) -> None:
    scene = make_scene(n=1, degree=1)
    write(tmp_path / "scene.ply", scene)
    head, _, row = (tmp_path / "scene.ply").read_bytes().partition(b"end_header\n")
    names = ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2"]
    names += [f"f_rest_{i}" for i in range(9)]
    names += ["opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"]
    expected = ["ply", "format binary_little_endian 1.0", "element vertex 1"]
    assert head.decode().splitlines() == expected + [f"property float {name}" for name in names]
    values = named_values(scene) | dict.fromkeys(("nx", "ny", "nz"), np.zeros(1))
    np.testing.assert_array_equal(np.frombuffer(row, "<f4"), [values[name][0] for name in names])


@pytest.mark.parametrize(
    ("comments", "antialiased"),
    [
        ((), False),
        (("ralhe antialiased 1",), True),
        (("antialiased 1",), True),
        (("antialiased 0",), False),
        (("SplatRenderMode: mip",), True),
        (("SplatRenderMode: default",), False),
        (("Exported from Brush", "splatrendermode: MIP"), True),
        (("antialiased 1", "SplatRenderMode: default"), False),
    ],
)
def test_reads_the_antialiased_tags_in_use(
    tmp_path: Path, make_scene: MakeScene, comments: tuple[str, ...], antialiased: bool
) -> None:
    content = hand_made(named_values(make_scene()), comments=comments)
    assert read_bytes(tmp_path, content).antialiased is antialiased


def test_reads_a_tag_after_the_element_line(tmp_path: Path, make_scene: MakeScene) -> None:
    content = hand_made(named_values(make_scene()))
    content = content.replace(b"property float x\n", b"comment ralhe coordinates LUF\nproperty float x\n")
    assert read_bytes(tmp_path, content).coordinates == "LUF"


@pytest.mark.parametrize("encoding", ["ascii", "binary_little_endian", "binary_big_endian"])
@pytest.mark.parametrize("before", ["", "element face 1\nproperty list uchar int vertex_index\n"])
def test_reads_comments_that_are_not_ascii(
    tmp_path: Path, make_scene: MakeScene, assert_same: AssertSame, encoding: str, before: str
) -> None:
    scene = make_scene(degree=1)
    content = hand_made(named_values(scene), encoding, comments=["von Müller", "ralhe antialiased 1"], before=before)
    if before:  # a face of one corner
        head, end, rows = content.partition(b"end_header\n")
        content = head + end + (b"1 0\n" if encoding == "ascii" else b"\1\0\0\0\0") + rows
    with pytest.warns(SceneNotice) if before else warnings.catch_warnings():
        (tmp_path / "scene.ply").write_bytes(content)
        found = read(tmp_path / "scene.ply")
    assert found.antialiased
    assert_same(replace(found, antialiased=False), scene)


def test_refuses_unknown_coordinates(tmp_path: Path, make_scene: MakeScene) -> None:
    content = hand_made(named_values(make_scene()), comments=["ralhe coordinates XYZ"])
    with pytest.raises(SceneError, match="'XYZ', expected one of unspecified, LDB"):
        read_bytes(tmp_path, content)


def test_keeps_the_antialiased_flag(tmp_path: Path, make_scene: MakeScene, assert_same: AssertSame) -> None:
    scene = make_scene(antialiased=True)
    write(tmp_path / "scene.ply", scene)
    assert_same(read(tmp_path / "scene.ply"), scene)
    assert b"comment SplatRenderMode: mip\n" in (tmp_path / "scene.ply").read_bytes()


def test_turns_a_named_system_to_rdf_and_says_so(tmp_path: Path, make_scene: MakeScene) -> None:
    scene = make_scene(coordinates="RUB")
    write(tmp_path / "scene.ply", scene)
    back = read(tmp_path / "scene.ply")
    assert back.coordinates == "RDF"
    np.testing.assert_array_equal(back.positions, scene.positions * np.array([1, -1, -1], np.float32))
