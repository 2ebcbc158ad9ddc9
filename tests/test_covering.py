"""How a wish is parted, and how few records are chosen that cover all its parts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.base import Hit
from knowledge.records import Lore
from tools.covering import covering, ordered, undominated
from tools.parts import parts

TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(st.floats(0, 1).map(lambda score: round(score, 2)), min_size=width, max_size=width), max_size=12
    ).map(lambda rows: np.array(rows, float).reshape(-1, width))
)


def hit(record_id: str, score: float) -> Hit:
    return Hit("lore", Lore(id=record_id, title=record_id, body=""), score)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ("a red house and a green tree on grass", ("red house", "green tree", "grass")),
        ("an owl", ("owl",)),
        ("a cat next to the dog, watercolour", ("cat", "dog", "watercolour")),
        ("A castle to the left of a boat", ("castle", "boat")),
        ("sandcastle", ("sandcastle",)),
        ("portrait in the style of an old tarot card", ("portrait", "old tarot card")),
        (" , and ", (", and",)),
    ],
)
def test_a_wish_falls_into_its_parts(wish: str, said: tuple[str, ...]) -> None:
    assert parts(wish) == said


@given(st.text(max_size=200))
def test_any_text_has_a_few_parts(wish: str) -> None:
    assert 1 <= len(parts(wish)) <= 8


def test_two_records_that_each_know_one_part_come_before_two_that_half_know_the_same() -> None:
    rankings = [
        ("'red house'", [hit("house", 1.0), hit("barn", 0.8), hit("both", 0.5)]),
        ("'green tree'", [hit("tree", 0.6), hit("both", 0.5), hit("barn", 0.1)]),
    ]
    chosen = covering(rankings, 3)
    assert [one.record.id for one in chosen] == ["house", "tree", "both"]
    assert [one.why for one in chosen][:2] == ["near 'red house'", "near 'green tree'"]
    assert chosen[1].score == 0.6


def test_with_one_part_the_order_is_the_ranking() -> None:
    ranking = [hit(name, score) for name, score in (("a", 0.9), ("b", 0.5), ("c", 0.4))]
    assert [one.record.id for one in covering([("it", ranking)], 2)] == ["a", "b"]


def test_two_parts_of_one_name_are_two_parts() -> None:
    rankings = [("the picture", [hit("a", 0.9), hit("b", 0.2)]), ("the picture", [hit("b", 0.8), hit("a", 0.1)])]
    assert [(one.record.id, one.score) for one in covering(rankings, 2)] == [("a", 0.9), ("b", 0.8)]


def test_nothing_found_covers_nothing() -> None:
    assert covering([("it", [])], 4) == []


@given(TABLES)
def test_every_row_is_chosen_once_and_no_row_before_one_that_beats_it_everywhere(table: np.ndarray) -> None:
    order = ordered(table, len(table))
    assert sorted(order) == list(range(len(table)))
    for later, row in enumerate(order):
        assert not any(
            (table[row] >= table[first]).all() and (table[row] > table[first]).any() for first in order[:later]
        )


def test_equal_rows_do_not_beat_each_other() -> None:
    assert undominated(np.array([[0.5, 0.5], [0.5, 0.5], [0.4, 0.5]])).tolist() == [True, True, False]
