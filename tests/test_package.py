"""What an installed package promises: a light decoding half, one version, a small core, a sample."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata, resources
from pathlib import Path

import pytest

import ralhe
from ralhe.core.instance import WASM
from tests.streams import Made

FITTING_HALF = ("torch", "numba", "ralhe.encoding", "ralhe.fit", "ralhe.model", "ralhe.prepare")


def python(*arguments: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def run_python(code: str, *arguments: str) -> str:
    """What code prints in one."""
    return python("-c", code, *arguments)


@pytest.mark.parametrize(
    "work",
    [
        "import ralhe, ralhe.cli",
        "import ralhe; ralhe.write(sys.argv[2], ralhe.read(sys.argv[1]))",
        "from ralhe.cli import main; main(['decode', sys.argv[1], sys.argv[2]], standalone_mode=False)",
        "from ralhe.cli import main; main(['info', sys.argv[1]], standalone_mode=False)",
    ],
)
def test_decoding_imports_nothing_of_the_fitting_half(work: str, small_stream: Made, tmp_path: Path) -> None:
    stream = tmp_path / "small.ralhe"
    stream.write_bytes(small_stream.data)
    code = f"import sys\n{work}\nprint('modules:', *sys.modules)"
    output = run_python(code, str(stream), str(tmp_path / "out.ply"))
    modules = set(output.splitlines()[-1].split())
    assert "ralhe.core" in modules
    assert modules.isdisjoint(FITTING_HALF)


def test_one_version() -> None:
    assert metadata.version("ralhe") == ralhe.__version__


def test_runs_as_a_module() -> None:
    assert python("-m", "ralhe", "--version") == f"ralhe, version {ralhe.__version__}\n"


def test_help_needs_no_torch() -> None:
    code = "import sys; sys.modules['torch'] = None\nfrom ralhe.cli import main\nmain(['decode', '--help'])"
    assert "--max-bytes" in run_python(code)


def test_core_is_small() -> None:
    assert WASM.stat().st_size <= 64 * 1024


def test_sample_is_small_and_whole() -> None:
    sample = resources.files("ralhe.samples") / "mic.spz"
    with resources.as_file(sample) as path:
        assert path.stat().st_size <= 6_000_000
        scene = ralhe.read(path)
    assert len(scene) > 10_000
    assert scene.sh_degree == 3


def test_package_is_typed() -> None:
    assert (resources.files("ralhe") / "py.typed").is_file()


def test_public_names_exist() -> None:
    for name in ralhe.__all__:
        assert getattr(ralhe, name) is not None


def test_read_takes_streams_by_their_content(small_stream: Made, tmp_path: Path) -> None:
    misnamed = tmp_path / "scene.ply"
    misnamed.write_bytes(small_stream.data)
    assert len(ralhe.read(misnamed)) == len(small_stream.codes)
