"""The designs of papers as codecs of the sweep."""

from __future__ import annotations

from benchmarks.codec import Codec

BASELINES: tuple[Codec, ...] = ()
