"""The benchmark of the knowledge base measures what it says."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.clip_like import RARE, ClipLike, items, nearest
from benchmarks.hostile_strings import hostile_strings
from benchmarks.knowledge import SUITE
from benchmarks.search_speed import recall
from benchmarks.suite import Extent
from benchmarks.timing import at, median


def test_every_measure_can_be_called() -> None:
    assert all(callable(SUITE.function(name)) for name in SUITE.measures)


def test_the_made_vectors_are_units_and_the_same_each_time() -> None:
    data = ClipLike(120, dim=32)
    rows = np.concatenate(list(data.rows(50)))
    assert rows.shape == (120, 32)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(rows, np.concatenate(list(ClipLike(120, dim=32).rows(50))))


def test_queries_across_the_gap_are_further_from_everything() -> None:
    data = ClipLike(2000, dim=64)
    rows = np.concatenate(list(data.rows()))
    alike, across = ((rows @ queries.T).max(axis=0).mean() for queries in (data.queries(50), data.across(50)))
    assert across < alike - 0.1


def test_the_truth_is_what_arithmetic_says() -> None:
    data = ClipLike(300, dim=16)
    queries, rows = data.queries(5), np.concatenate(list(data.rows(70)))
    expected = np.argsort(-(queries @ rows.T), axis=1)[:, :10]
    np.testing.assert_array_equal(nearest(data.rows(70), queries, 10), expected)
    assert recall(expected.tolist(), expected) == [1.0] * 5
    assert recall([[0]], np.array([[0, 1]])) == [0.5]


def test_one_record_in_a_hundred_is_rare() -> None:
    made = [item for batch in items(ClipLike(500, dim=8), "image", 5) for item in batch]
    assert sum(item.record.licence == RARE for item in made) == 5


def test_a_median_lies_in_its_interval() -> None:
    row = median("K", "", [float(n) for n in range(101)], "ms", 60)
    assert (row.value, row.met) == (50, True)
    assert 35 < row.low < 50 < row.high < 65
    assert at([1, 2, 3, 4], 0.95) == 4


def test_there_are_enough_hostile_strings_and_none_of_them_is_right() -> None:
    hostile = hostile_strings()
    assert len(set(hostile)) == len(hostile) >= 300
    assert not {"public", "secret", ""} & set(hostile)


@pytest.mark.parametrize("name", ["K6", "K7"])
def test_nothing_fails_that_is_counted_by_its_failures(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert [row.value for row in SUITE.measure([name], Extent(0.01))] in ([0, 0], [0])
    assert "MISSED" not in capsys.readouterr().out
