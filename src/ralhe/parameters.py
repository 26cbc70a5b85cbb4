"""What a stream carries besides latents: steps, roots, networks and the basis of the harmonics, as integers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int32]
Floats = npt.NDArray[np.floating]

EXPONENT_ONE = 4
NUMBER_LIMIT = 2**18 - 1
ROOT_DIVISOR = 16


def step_codes(steps: Floats) -> Integers:
    """Nearest codes 0 ... 255 of quantiser steps: a code is a sixteenth of an octave, 160 stands for 1."""
    return np.asarray(np.clip(np.rint(16 * np.log2(steps) + 160), 0, 255), np.int32)


def steps_of(codes: Integers) -> npt.NDArray[np.float64]:
    """Quantiser steps of codes."""
    return np.asarray(2.0 ** ((codes - 160) / 16.0))


@dataclass(frozen=True)
class QuantisedTensor:
    """A network tensor on a grid of step 2**(4 - exponent), flat in the core's order."""

    exponent: int
    values: Integers

    @classmethod
    def of(cls, tensor: Floats, exponent: int) -> QuantisedTensor:
        """The nearest grid points."""
        scaled = np.rint(np.asarray(tensor, np.float64).reshape(-1) * 2.0 ** (exponent - EXPONENT_ONE))
        return cls(exponent, np.clip(scaled, -NUMBER_LIMIT, NUMBER_LIMIT).astype(np.int32))

    @property
    def parts(self) -> list[Integers]:
        """As the core takes it: the exponent, then the values; nothing where there are none."""
        return [np.array([self.exponent], np.int32), self.values] if len(self.values) else []

    @property
    def floats(self) -> npt.NDArray[np.float32]:
        return (self.values * 2.0 ** (EXPONENT_ONE - self.exponent)).astype(np.float32)


@dataclass(frozen=True)
class Parameters:
    """Everything in the parameter section, in its order."""

    step_codes: Integers  # [channels]
    roots: Integers  # [channels] mean of all, in sixteenths of a step
    entropy: tuple[tuple[QuantisedTensor, ...], ...]  # by network: IN, BIAS, BACK, OUT, OUT_BIAS, SKIP, FLAG, FLAG_BIAS
    basis: Integers = field(default_factory=lambda: np.zeros(0, np.int32))  # [3, K, K] in 127ths, flat
    synthesis: tuple[QuantisedTensor, ...] = ()

    def flat(self) -> Integers:
        """All values as the core takes them."""
        parts = [np.diff(self.step_codes, prepend=np.int32(0)), self.roots]
        parts += [part for network in self.entropy for tensor in network for part in tensor.parts]
        parts.append(self.basis)
        parts += [part for tensor in self.synthesis for part in tensor.parts]
        return np.concatenate(parts).astype(np.int32)


def roots_of(means: Floats, codes: Integers) -> Integers:
    """[channels] integers of the means of all leaves."""
    scaled = np.rint(means / steps_of(codes) * ROOT_DIVISOR)
    return np.clip(scaled, -NUMBER_LIMIT, NUMBER_LIMIT).astype(np.int32)
