"""Sizes of files as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ralhe.errors import RalheError
from ralhe.sizes import format_size, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("250000", 250_000),
        ("1 byte", 1),
        ("500 bytes", 500),
        ("12B", 12),
        ("500kB", 500_000),
        ("500KB", 500_000),
        ("500 kb", 500_000),
        (" 1MB ", 1_000_000),
        ("1.5mb", 1_500_000),
        ("1KiB", 1024),
        ("0.5MiB", 524_288),
        ("2mib", 2_097_152),
        ("1.005kB", 1005),  # exact: 1.005 * 1000 is below 1005 in floating point
        ("1.9999kB", 1999),  # a part of a byte is not to be had
    ],
)
def test_parse_size(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    ["", "kB", "five", "-1kB", "1e6", "1 GB", "1TB", "1,5MB", "nan", "inf", "0", "0.4", "9" * 99, "1..5kB", "\u0663kB"],
)
def test_parse_size_refuses(text: str) -> None:
    with pytest.raises(RalheError) as error:
        parse_size(text)
    assert "\n" not in str(error.value)


@given(st.integers(1, 10**12))
def test_bytes_parse_to_themselves(size: int) -> None:
    assert parse_size(str(size)) == size


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (250_000, "250.0 kB"),
        (999_949, "999.9 kB"),
        (999_999, "1.00 MB"),
        (1_250_000, "1.25 MB"),
    ],
)
def test_format_size(size: int, text: str) -> None:
    assert format_size(size) == text


@given(st.integers(1000, 10**9))
def test_a_formatted_size_is_near_the_size(size: int) -> None:
    assert abs(parse_size(format_size(size)) - size) <= max(50, size // 200)
