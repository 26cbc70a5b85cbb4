"""What the encoder's walk leaves behind is what the decoder finds, to the last bit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ralhe.core import Decoder
from ralhe.errors import BitstreamError, SceneError
from ralhe.gaussians import Gaussians
from ralhe.octree import Codes, morton_codes
from ralhe.parameters import Parameters, steps_of
from ralhe.prepare import VoxelGrid
from ralhe.prepare.attributes import OPPONENT
from ralhe.prepare.covariance import log_covariances
from tests.scenes import (
    all_finite,
    chain_codes,
    full_cube_codes,
    nodes_per_level,
    random_attributes,
    same_bits,
    sphere,
    surface_codes,
    uniform_codes,
)
from tests.streams import Made, channels_of, make_stream

OCTREES: dict[str, tuple[Codes, int]] = {
    "depth 0": (np.zeros(1, np.uint64), 0),
    "depth 1, one leaf": (np.array([5], np.uint64), 1),
    "depth 1, full": (full_cube_codes(1), 1),
    "full cube": (full_cube_codes(3), 3),
    "cube without one voxel": (np.delete(full_cube_codes(3), 200), 3),
    "uniform": (uniform_codes(900, 9), 9),
    "sparse and deep": (uniform_codes(200, 21), 21),
    "surface": (surface_codes(2000, 7), 7),
    "one leaf, deepest": (chain_codes(21, 1), 21),
    "chain": (chain_codes(21), 21),
    "two corners": (np.array([0, 8**12 - 1], np.uint64), 12),
    "a line": (morton_codes(np.stack([np.arange(500), np.zeros(500), np.zeros(500)], 1).astype(np.int64), 9), 9),
}


def decoded_voxels(data: bytes, depth: int) -> tuple[Codes, Gaussians]:
    """Codes of the voxels a stream over [0, 2**depth)^3 decodes to."""
    decoder = Decoder(data)
    assert decoder.advance() == depth
    gaussians = decoder.gaussians()
    return VoxelGrid(depth, (0.0, 0.0, 0.0), 1.0).codes(gaussians.positions), gaussians


def decoder_attributes(data: bytes, leaves: int, channels: int) -> npt.NDArray[np.float32]:
    """[leaves, channels] attributes before synthesis, out of the decoder's own memory."""
    decoder = Decoder(data)
    decoder.advance()
    core = decoder._core
    address = core.pointer("memory_allocate", 4 * leaves * channels)
    core.check("encoder_decoded", address, 0)
    return core.copy(address, (leaves, channels), np.float32)


def assert_round_trip(made: Made) -> None:
    channels = channels_of(made.header.sh_degree)
    codes, gaussians = decoded_voxels(made.data, made.header.depth)
    assert np.array_equal(codes, made.codes)
    expected, _ = made.encoder.decoded()
    assert decoder_attributes(made.data, len(codes), channels).tobytes() == expected.tobytes()
    assert all_finite(gaussians)


@pytest.mark.parametrize("degree", range(4))
@pytest.mark.parametrize("name", OCTREES)
def test_octrees_and_attributes_survive(name: str, degree: int) -> None:
    codes, depth = OCTREES[name]
    assert_round_trip(make_stream(codes, depth, degree, seed=degree))


@pytest.mark.parametrize("depth", range(22))
def test_every_depth(depth: int) -> None:
    codes = uniform_codes(min(40, 8**depth), depth, seed=depth)
    made = make_stream(codes, depth, 1, seed=depth)
    assert_round_trip(made)
    table = [s.count for s in Decoder(made.data).info.sections if s.kind == "attributes"]
    assert set(table) <= set(nodes_per_level(codes, depth))
    assert made.encoder.nodes == nodes_per_level(codes, depth)


@pytest.mark.parametrize("lookahead", [1, 2, 3, 4])
def test_every_lookahead(lookahead: int) -> None:
    assert_round_trip(make_stream(surface_codes(1500, 8), 8, 1, lookahead=lookahead))


@pytest.mark.parametrize("hidden", [(4, 4, 4), (4, 64, 0), (64, 4, 64), (20, 36, 12), (64, 64, 64)])
@pytest.mark.parametrize("has_basis", [False, True])
def test_network_widths_and_optional_parts(hidden: tuple[int, int, int], has_basis: bool) -> None:
    made = make_stream(uniform_codes(150, 8), 8, 3, hidden=hidden, has_basis=has_basis)
    assert Decoder(made.data).info.hidden == hidden
    assert_round_trip(made)


@pytest.mark.parametrize("spread", [0.0, 0.01, 1.0, 100.0])
def test_weights_of_any_size(spread: float) -> None:
    assert_round_trip(make_stream(surface_codes(400, 7), 7, 2, spread=spread, hidden=(8, 8, 8)))


@pytest.mark.parametrize("lmbda", [0.0, 1e-6, 0.5, 64.0])
@pytest.mark.parametrize("step_shape", [0.0, 0.15, 0.99])
def test_any_lambda_and_step_law(lmbda: float, step_shape: float) -> None:
    assert_round_trip(make_stream(surface_codes(400, 7), 7, 1, lmbda=lmbda, step_shape=step_shape))


def test_latents_at_the_limit_of_their_range() -> None:
    codes = uniform_codes(200, 8)
    signs = np.random.default_rng(5).choice([-1.0, 1.0], (len(codes), 10))
    made = make_stream(codes, 8, 0, attributes=(signs * 1e6).astype(np.float32), record_every=1)
    assert_round_trip(made)
    latents = made.encoder.recorded().latents
    assert int(np.abs(latents.astype(np.int32)).max()) == 30000


@pytest.mark.parametrize("n", [50, 200, 2000])
def test_sections_of_nothing_but_zero_bytes(n: int) -> None:
    codes = uniform_codes(n, 8)
    made = make_stream(codes, 8, spread=0.0, attributes=np.zeros((len(codes), 10), np.float32))
    assert not any(b"".join(s.data for s in made.walked.attributes))
    assert_round_trip(made)


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(st.sets(st.integers(0, 8**6 - 1), min_size=1, max_size=120), st.integers(0, 3), st.integers(0, 2**16))
def test_any_set_of_voxels(voxels: set[int], degree: int, seed: int) -> None:
    codes = np.array(sorted(voxels), np.uint64)
    assert_round_trip(make_stream(codes, 6, degree, seed=seed, hidden=(4, 4, 4)))


@pytest.mark.parametrize("degree", range(4))
def test_logits_are_equal_and_colours_follow(degree: int) -> None:
    made = make_stream(surface_codes(700, 7), 7, degree, seed=9)
    attributes, _ = made.encoder.decoded()
    _, gaussians = decoded_voxels(made.data, 7)
    assert gaussians.opacity_logits.tobytes() == np.ascontiguousarray(attributes[:, 0]).tobytes()
    planes = attributes[:, 10:].reshape(len(attributes), 3, -1).transpose(0, 2, 1)
    planes = np.concatenate([attributes[:, None, 1:4], planes], axis=1)
    np.testing.assert_allclose(gaussians.sh, planes @ OPPONENT, rtol=1e-5, atol=1e-5)
    shapes = log_covariances(gaussians.log_scales, gaussians.rotations, floor=0.0)
    np.testing.assert_allclose(shapes, attributes[:, 4:10], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(gaussians.rotations, axis=1), 1.0, atol=1e-5)


def test_synthesis_adds_what_its_network_says() -> None:
    made = make_stream(surface_codes(500, 7), 7, 1, spread=0.4, hidden=(8, 8, 16))
    attributes, inputs = made.encoder.decoded()
    steps = steps_of(made.parameters.step_codes)
    expected = attributes + _corrections(made.parameters, inputs, 16) * steps
    _, gaussians = decoded_voxels(made.data, 7)
    np.testing.assert_allclose(gaussians.opacity_logits, expected[:, 0], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(gaussians.sh[:, 0] @ OPPONENT.T, expected[:, 1:4], rtol=1e-4, atol=1e-4)
    assert np.abs(expected - attributes).max() > 1e-3


def _corrections(parameters: Parameters, inputs: npt.NDArray[np.float32], width: int) -> npt.NDArray[np.float64]:
    """[N, channels] in steps: linear, relu, linear, clamped."""
    first, bias, out, out_bias = (t.floats.astype(np.float64) for t in parameters.synthesis)
    hidden = np.maximum(inputs @ first.reshape(-1, width) + bias, 0)
    return np.clip(hidden @ out.reshape(-1, width).T + out_bias, -16, 16)


def test_basis_turns_the_harmonics() -> None:
    made = make_stream(surface_codes(500, 7), 7, 2, has_basis=True)
    attributes, _ = made.encoder.decoded()
    basis = made.parameters.basis.reshape(3, 8, 8) / 127
    planes = np.einsum("pij,npj->nip", basis, attributes[:, 10:].reshape(-1, 3, 8))
    _, gaussians = decoded_voxels(made.data, 7)
    np.testing.assert_allclose(gaussians.sh[:, 1:], planes @ OPPONENT, rtol=1e-4, atol=1e-4)


def test_fine_steps_come_near_the_attributes() -> None:
    codes = surface_codes(600, 7)
    wanted = random_attributes(len(codes), 10, seed=4)
    made = make_stream(codes, 7, 0, lmbda=0.0, attributes=wanted)
    attributes, _ = made.encoder.decoded()
    steps = steps_of(made.parameters.step_codes)
    assert float((np.abs(attributes - wanted) / steps).mean()) < 1.0


def test_two_decodes_are_identical() -> None:
    made = make_stream(uniform_codes(700, 9), 9, 3, hidden=(16, 16, 8), has_basis=True)
    assert same_bits(decoded_voxels(made.data, 9)[1], decoded_voxels(made.data, 9)[1])


def test_two_encodes_are_identical() -> None:
    codes = surface_codes(500, 8)
    first, second = (make_stream(codes, 8, 2, seed=11) for _ in range(2))
    assert first.data == second.data


def test_a_second_walk_of_one_encoder_writes_the_same_sections() -> None:
    made = make_stream(surface_codes(500, 8), 8, 1, seed=12)
    again = made.encoder.walk(made.parameters.flat(), np.ones(channels_of(1)), 0.02)
    assert [s.data for s in again.attributes] == [s.data for s in made.walked.attributes]
    assert again.parameters == made.walked.parameters


def test_reopening_an_encoder_takes_no_more_memory() -> None:
    made = make_stream(uniform_codes(60, 5), 5, 3, hidden=(64, 64, 64))
    memory = made.encoder._core._memory
    sizes = list[int]()
    for _ in range(20):
        made.encoder.reopen(made.header.pack())
        made.encoder.walk(made.parameters.flat(), np.ones(channels_of(3)), 0.02)
        sizes.append(memory.data_len(made.encoder._core._store))
    assert sizes[-1] == sizes[1]


def test_steps_of_one_decoder_reach_each_level_in_turn() -> None:
    made = make_stream(uniform_codes(600, 8), 8, 1)
    whole, decoder = Decoder(made.data), Decoder(made.data)
    reached = [decoder.advance(level=level) for level, _ in whole.info.level_ends]
    assert reached == [level for level, _ in whole.info.level_ends]
    whole.advance()
    assert same_bits(decoder.gaussians(), whole.gaussians())


@pytest.mark.parametrize("codes", [[3, 2], [5, 5]])
def test_codes_out_of_order_are_refused(codes: list[int]) -> None:
    with pytest.raises(SceneError, match="Morton order"):
        make_stream(np.array(codes, np.uint64), 4)


def test_no_level_before_the_first_section() -> None:
    decoder = Decoder(make_stream(uniform_codes(50, 5), 5).data)
    assert decoder.advance(available=100) == 0
    with pytest.raises(BitstreamError, match="before its first level"):
        decoder.gaussians()


def test_tally_counts_the_bits_that_were_written() -> None:
    made = make_stream(surface_codes(900, 8), 8, 2)
    tally = Decoder(made.data).tally()
    assert min(tally.values()) > 0
    spent = 8 * sum(len(s.data) for s in made.walked.attributes)
    assert sum(tally.values()) == pytest.approx(spent, rel=0.01)


def test_sphere_scene_keeps_shape() -> None:
    scene = sphere(400, 1)
    grid = VoxelGrid(8, (-1.5, -1.5, -1.5), 3.0 / 256)
    codes = np.unique(grid.codes(scene.positions))
    made = make_stream(codes, 8, 1, origin=grid.origin, voxel=grid.voxel)
    decoder = Decoder(made.data)
    decoder.advance()
    assert np.array_equal(grid.codes(decoder.gaussians().positions), codes)
