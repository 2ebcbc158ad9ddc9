"""Results of a part of the measures stand beside those that were there."""

from __future__ import annotations

from pathlib import Path

from benchmarks.results import AT, Row, older, rate, write


def test_what_was_not_measured_again_stays_and_says_how_old_it_is(tmp_path: Path) -> None:
    one, other = rate("A", "one", [True], None), rate("B", "other", [False], None)
    write("some", "a command", 1.0, [one, other], tmp_path)
    (kept,) = older("some", {"A"}, tmp_path)
    assert (kept.id, kept.value) == ("B", 0.0)
    write("some", "a command", 1.0, [Row("A", "one", 1, 1, 1, "rate", "higher"), kept], tmp_path)
    (still,) = older("some", {"A"}, tmp_path)
    assert still.note == kept.note
    assert kept.note.startswith(f"n = 1{AT}")


def test_before_the_first_run_there_is_nothing_to_keep(tmp_path: Path) -> None:
    assert older("some", (), tmp_path) == []
