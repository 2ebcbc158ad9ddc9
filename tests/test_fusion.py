"""How ranked lists of different sources become one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.base import Hit
from knowledge.fusion import WORDS, blend, merge, relative
from knowledge.records import Lore

SCORES = st.dictionaries(st.integers(0, 20), st.floats(-1e6, 1e6), max_size=12)


def hit(collection: str, record_id: str, **found_by: float) -> Hit:
    return Hit(collection, Lore(id=record_id, title=record_id, body=""), 0.5, found_by)


def test_the_best_of_a_list_has_one_and_the_worst_nothing() -> None:
    assert relative({"a": 3.0, "b": 1.0, "c": 2.0}) == {"a": 1.0, "b": 0.0, "c": 0.5}


def test_equal_scores_all_count_in_full() -> None:
    assert relative({"a": 0.2, "b": 0.2}) == {"a": 1.0, "b": 1.0}


def test_words_and_vectors_have_half_the_say_each() -> None:
    blended = blend({WORDS: {"a": 9.0, "b": 4.0}, "text": {"b": 0.9, "c": 0.3, "a": 0.6}})
    assert blended == pytest.approx({"a": 0.75, "b": 0.5, "c": 0.0})
    assert list(blended) == ["a", "b", "c"]


def test_where_only_vectors_were_asked_for_they_have_the_whole_say() -> None:
    assert blend({WORDS: {}, "image": {"a": 0.3, "b": 0.1}}) == {"a": 1.0, "b": 0.0}


def test_a_record_without_a_picture_loses_nothing_by_it() -> None:
    blended = blend({"text": {"card": 0.9, "photo": 0.1}, "image": {"photo": 0.3, "other": 0.1}})
    assert blended["card"] == 1.0


def test_alpha_moves_the_say_from_words_to_vectors() -> None:
    found = {WORDS: {"said": 2.0, "near": 1.0}, "text": {"near": 0.9, "said": 0.1}}
    assert next(iter(blend(found, alpha=0.2))) == "said"
    assert next(iter(blend(found, alpha=0.8))) == "near"


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([WORDS, "text", "image"]), SCORES), st.floats(0, 1))
def test_any_lists_give_scores_from_nought_to_one_best_first(found: dict[str, dict[int, float]], alpha: float) -> None:
    scores = list(blend(found, alpha).values())
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 + 1e-9 for score in scores)
    assert set(blend(found, alpha)) == {key for scores in found.values() for key in scores}


def test_hits_of_two_collections_are_compared_by_their_raw_scores() -> None:
    merged = merge(
        [hit("lore", "weak", text=0.1), hit("lore", "weaker", text=0.0), hit("references", "strong", text=0.8)]
    )
    assert [found.record.id for found in merged] == ["strong", "weak", "weaker"]
    assert merged[0].collection == "references"
    assert merged[0].score == 1.0


def test_the_same_id_in_two_collections_stays_two_hits() -> None:
    assert len(merge([hit("one", "same", text=0.1), hit("two", "same", text=0.2)])) == 2
