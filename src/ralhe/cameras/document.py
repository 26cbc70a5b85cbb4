"""JSON whose values are checked as they are taken out."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as shown
from typing import Self

import numpy as np

from ralhe.cameras.camera import Matrix
from ralhe.errors import CameraError


def parse(path: Path) -> object:
    """The content of a JSON file. Raises CameraError when it is no JSON, OSError when it cannot be opened."""
    try:
        content: object = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise CameraError(
            f"{path.name}: not JSON ({error}); give transforms.json, cameras.json, a .views.json, "
            "or the folder of a COLMAP model"
        ) from error
    return content


@dataclass(frozen=True)
class Record:
    """One JSON object. Every method raises CameraError, naming the field, where the value is not what it asks for.

    A field that holds null counts as missing.
    """

    fields: Mapping[str, object]

    @classmethod
    def of(cls, value: object) -> Self:
        """The record that `value` is."""
        if not isinstance(value, dict):
            raise CameraError(f"is {shown(value)}, expected an object with fields")
        return cls(value)

    def over(self, defaults: Record) -> Self:
        """The same record with `defaults` for the fields that it does not have."""
        return type(self)({**defaults.fields, **{k: v for k, v in self.fields.items() if v is not None}})

    def has(self, name: str) -> bool:
        """Whether the field holds anything."""
        return self.fields.get(name) is not None

    def value(self, name: str) -> object:
        """The field as it stands."""
        if not self.has(name):
            raise CameraError(f"has no field {name}")
        return self.fields[name]

    def items(self, name: str) -> list[object]:
        """The elements of a list."""
        value = self.value(name)
        if not isinstance(value, list):
            raise CameraError(f"{name} is {shown(value)}, expected a list")
        return value

    def text(self, name: str) -> str:
        """A text of at least one character."""
        value = self.value(name)
        if not (isinstance(value, str) and value):
            raise CameraError(f"{name} is {shown(value)}, expected a text")
        return value

    def number(self, name: str, default: float | None = None) -> float:
        """A finite number, or `default` where the field is missing."""
        if default is not None and not self.has(name):
            return default
        value = self.value(name)
        # A Python integer may be beyond every float, and true counts as 1.
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= 1e300:
            raise CameraError(f"{name} is {shown(value)}, expected a finite number")
        return float(value)

    def positive(self, name: str) -> float:
        """A finite number above 0."""
        value = self.number(name)
        if not value > 0:
            raise CameraError(f"{name} is {value}, expected more than 0")
        return value

    def angle(self, name: str) -> float:
        """A field of view between 0 and pi, radians."""
        value = self.number(name)
        if not 0 < value < math.pi:
            raise CameraError(f"{name} is {value}, expected more than 0 and less than pi radians")
        return value

    def pixels(self, name: str) -> int:
        """A whole number above 0; some writers put .0 after it."""
        value = self.number(name)
        if not (value >= 1 and value.is_integer()):
            raise CameraError(f"{name} is {value}, expected a whole number of pixels above 0")
        return int(value)

    def matrix(self, name: str, *shapes: tuple[int, ...]) -> Matrix:
        """Finite numbers, nested lists of one of the shapes."""
        value = self.value(name)
        try:
            matrix = np.array(value, np.float64)
        except (TypeError, ValueError, OverflowError):
            matrix = np.array(np.nan)
        if matrix.shape not in shapes or not np.isfinite(matrix).all():
            expected = " or ".join(" x ".join(map(str, shape)) for shape in shapes)
            raise CameraError(f"{name} is {shown(value)}, expected {expected} finite numbers")
        return matrix
