"""Results of a part of the measures stand beside those that were there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.faithful.told import BETWEEN, GAIN, MEAN, page
from benchmarks.results import AT, Row, beside_older, rate, weights, write
from knowledge.problems import TryAgain
from ui import benching


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


def test_results_name_the_weights_they_are_of(tmp_path: Path) -> None:
    (tmp_path / "judge").mkdir()
    (tmp_path / "judge" / "model.safetensors").write_bytes(b"one")
    known = weights(tmp_path)
    kept = write("some", "a command", 1.0, [], tmp_path, weights=known)
    assert json.loads(kept.read_text())["weights"] == known == {"judge/model.safetensors": "7692c3ad3540bb80"}
    assert "weights" not in json.loads(write("other", "a command", 1.0, [], tmp_path).read_text())


def test_the_page_has_a_row_a_system_and_a_row_a_part(tmp_path: Path) -> None:
    cells = [("all", "single"), ("all", MEAN), (f"{GAIN}LoRA", MEAN), ("judge: right drawings", "single")]
    rows = [Row(f"{name}{BETWEEN}{column}", "", 0.5, 0.4, 0.6, "rate", "higher") for name, column in cells]
    rows.append(Row(f"all{BETWEEN}renders", "", 1.25, 1.25, 1.25, "renders", "higher"))
    kept = write("some", "a command", 1.0, rows, tmp_path, weights={"judge": "abc"})
    said = page(json.loads(kept.read_text()), "| F1 |").splitlines()
    assert "| all | 50 (40 to 60) | 50 (40 to 60) | 1.25 |" in said
    assert "| LoRA | 50 (40 to 60) |" in said
    assert "| judge: right drawings | 50 (40 to 60) |" in said
    assert {"| F1 |", "| judge | abc |"} <= set(said)


def test_only_what_is_made_from_a_seed_is_asked_for_another() -> None:
    with pytest.raises(TryAgain, match="'knowledge' is not made from a seed: leave out --seed"):
        benching.run("knowledge", (), 0.01, 7, None, False)
