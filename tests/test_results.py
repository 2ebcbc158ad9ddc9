"""Results of a part of the measures stand beside those that were there."""

from __future__ import annotations

from pathlib import Path

from benchmarks.results import AT, Row, beside_older, rate, write


def test_what_was_not_measured_again_stays_and_says_how_old_it_is(tmp_path: Path) -> None:
    one, other = rate("A", "one", [True], None), rate("B", "other", [False], None)
    write("some", "a command", 1.0, [one, other], tmp_path)
    again = Row("A", "one", 0.5, 0, 1, "rate", "higher")
    first, second = beside_older("some", [again], tmp_path)
    assert first == again
    assert (second.id, second.value) == ("B", 0.0)
    assert second.note.startswith(f"n = 1{AT}")
    write("some", "a command", 1.0, [first, second], tmp_path)
    assert beside_older("some", [again], tmp_path) == [first, second]


def test_before_the_first_run_there_is_nothing_to_keep(tmp_path: Path) -> None:
    assert beside_older("some", [], tmp_path) == []
