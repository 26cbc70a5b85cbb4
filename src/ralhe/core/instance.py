"""One instance of the core: its functions and its memory as numpy arrays."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
import wasmtime

from ralhe.errors import BitstreamError

WASM = Path(__file__).with_name("core.wasm")
MAX_MEMORY = 3 << 30
"""Bytes one instance may grow to; WebAssembly itself ends at 4 GiB."""

MESSAGES = {
    -1: "not a .ralhe stream (the first bytes are not RALH); make one with ralhe encode",
    -2: "the stream has a version this decoder does not know; update ralhe",
    -3: "the stream is cut within its header; fetch the file again",
    -4: "the header is damaged (checksum); fetch the file again",
    -5: "a field of the header is out of range; encode the scene again",
    -6: "the table of sections contradicts itself; encode the scene again",
    -7: "a section is damaged (checksum); fetch the file again",
    -8: "a section is damaged (its contents contradict the header); encode the scene again",
    -9: "the header claims more nodes than its bytes could hold; encode the scene again",
    -10: "the stream needs more memory than the decoder allows; decode a coarser level",
    -11: "the stream is cut before its first level ends; take more of its bytes (ralhe info says how many)",
    -12: "there are bytes after the end of the stream; fetch the file again",
}


@cache
def _module() -> tuple[wasmtime.Engine, wasmtime.Module]:
    if not WASM.exists():
        raise RuntimeError(f"{WASM.name} is missing beside {WASM.parent.name}/core.c; reinstall ralhe")
    engine = wasmtime.Engine(wasmtime.Config())
    return engine, wasmtime.Module.from_file(engine, str(WASM))


T = TypeVar("T", bound=np.generic)


class Instance:
    """A fresh core with empty memory. Not for use by two threads at once."""

    def __init__(self) -> None:
        engine, module = _module()
        self._store = wasmtime.Store(engine)
        self._store.set_limits(memory_size=MAX_MEMORY)
        self._exports = wasmtime.Instance(self._store, module, []).exports(self._store)
        self._memory = cast(wasmtime.Memory, self._exports["memory"])

    def call(self, name: str, *arguments: int | float) -> int:
        """Result of an exported function; pointers and sizes come back unsigned.

        Raises BitstreamError where the core traps: it does so only on memory it may not touch.
        """
        function = cast(wasmtime.Func, self._exports[name])
        try:
            result: Any = function(self._store, *arguments)
        except (wasmtime.Trap, wasmtime.WasmtimeError) as trap:
            raise BitstreamError("a section is damaged (the decoder stopped itself); encode the scene again") from trap
        return int(result or 0)

    def check(self, name: str, *arguments: int | float) -> int:
        """As `call`, for functions that answer a failure code: raises BitstreamError for negative ones."""
        code = self.call(name, *arguments)
        if code < 0:
            raise BitstreamError(MESSAGES.get(code, f"the core failed with code {code}"))
        return code

    def pointer(self, name: str, *arguments: int | float) -> int:
        """Address that an exported function answers."""
        return self.call(name, *arguments) & 0xFFFFFFFF

    def view(self, address: int, shape: tuple[int, ...], dtype: type[T]) -> npt.NDArray[T]:
        """The core's memory as an array; only valid until the next call, since memory may move as it grows."""
        size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        if address + size > self._memory.data_len(self._store):
            raise BitstreamError("the core answered an address outside its memory")
        start = ctypes.addressof(self._memory.data_ptr(self._store).contents) + address
        raw = np.ctypeslib.as_array((ctypes.c_ubyte * size).from_address(start))
        return cast("npt.NDArray[T]", raw.view(dtype).reshape(shape))

    def copy(self, address: int, shape: tuple[int, ...], dtype: type[T]) -> npt.NDArray[T]:
        """As `view`, but a copy."""
        return self.view(address, shape, dtype).copy()

    def put(self, array: npt.NDArray[Any] | bytes) -> int:
        """Copies an array into the core; the address of the copy. Release it with `release`."""
        data = np.frombuffer(array, np.uint8) if isinstance(array, bytes) else array.reshape(-1).view(np.uint8)
        address = self.pointer("memory_allocate", max(len(data), 1))
        if not address:
            raise BitstreamError(MESSAGES[-10])
        self.view(address, (len(data),), np.uint8)[:] = data
        return address

    def release(self, address: int) -> None:
        """Gives back what `put` took."""
        self.call("memory_release", address)
