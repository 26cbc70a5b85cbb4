"""The decoder core takes no more instructions than on record, within 2%."""

from __future__ import annotations

import pytest

from benchmarks.callgrind import count


def test_core_takes_as_many_instructions_as_on_record() -> None:
    absent = count.absence()
    if absent:
        pytest.skip(absent)
    known = count.stored()
    made_by = {one.compiler for one in known.values()}
    if made_by != {count.compiler()}:
        pytest.skip(f"on record are counts by {', '.join(made_by)}, here is {count.compiler()}")
    for one in count.counts():
        limit = (1 + count.TOLERANCE) * known[one.stream].instructions
        assert one.instructions <= limit, (
            f"{one.stream}: {one.instructions:,} instructions, on record are {known[one.stream].instructions:,}; where "
            "that is meant, run python -m benchmarks.callgrind.count --store"
        )
