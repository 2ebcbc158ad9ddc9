"""A small share of T6: whatever is made from the schemas of the doors is answered as they announce."""

from __future__ import annotations

import pytest

from benchmarks import door_cases
from benchmarks.conversation import SUITE
from benchmarks.results import Row


def ours(rows: list[Row]) -> Row:
    (row,) = rows
    assert row.value == 0, row.note
    return row


def test_requests_made_from_the_schemas_break_no_contract() -> None:
    assert "endpoints" in ours(door_cases.endpoints(0.002)).note


def test_calls_made_from_the_schemas_end_in_a_result_or_in_words() -> None:
    assert "calls" in ours(door_cases.calls(0.01)).note


@pytest.mark.parametrize("id", ["T6", "T6-tools"])
def test_both_are_measured_by_the_suite(id: str) -> None:
    assert SUITE.function(id).__module__ == door_cases.__name__
