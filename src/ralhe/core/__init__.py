"""The decoder-encoder core: `core.c`, compiled to `core.wasm`, run by wasmtime in a memory of its own.

Everything that touches the range coder happens inside it, in integers and plain IEEE float32, so a stream
decodes to the same bytes on every machine. The same file runs in a browser.
"""

from ralhe.core.decoder import Decoder, StreamInfo
from ralhe.core.encoder import Encoder, Merges, Recorded, Walked
from ralhe.core.records import Section

__all__ = ["Decoder", "Encoder", "Merges", "Recorded", "Section", "StreamInfo", "Walked"]
