"""What every knowledge base promises of its answers."""

from __future__ import annotations

import numpy as np
import pytest

from knowledge.base import (
    Eq,
    Found,
    Item,
    KnowledgeBase,
    Query,
    Vector,
)
from knowledge.fusion import find
from knowledge.problems import TryAgain
from tests.small_records import EAST, NORTH, SAME, card, ids, lore, reference, towards


def test_records_are_found_by_their_words(base: KnowledgeBase, here: str) -> None:
    base.upsert(here, [Item(lore("a", "A toadstool grows in woods.")), Item(lore("b", "A cottage stands alone."))])
    found = base.search(here, Query("purple TOADSTOOL"))
    assert found.records == {"a": lore("a", "A toadstool grows in woods.")}
    assert set(found.scores["bm25"]) == {"a"}
    assert found.scores["bm25"]["a"] > 0
    assert found.missing == ""


@pytest.mark.parametrize("word", ["meadow", "glows", "fenland", "amanita"])
def test_words_count_wherever_a_record_says_them(base: KnowledgeBase, here: str, word: str) -> None:
    base.upsert(here, [
        Item(lore("title", title="meadow")), Item(lore("body", "it glows")), Item(lore("terms", terms=("fenland",))),
        Item(card("card", trigger_words=("amanita",))), Item(lore("none")),
    ])  # fmt: skip
    assert len(base.search(here, Query(word)).records) == 1


def test_a_rarer_word_counts_more(base: KnowledgeBase, here: str) -> None:
    base.upsert(here, [Item(lore(f"house {number}", "a house")) for number in range(9)])
    base.upsert(here, [Item(lore("rare", "a mushroom house"))])
    scores = base.search(here, Query("mushroom house", limit=20)).scores["bm25"]
    assert max(scores, key=lambda one: scores[one]) == "rare"
    assert len(scores) == 10


def test_records_are_found_by_the_nearest_vector_with_its_cosine(base: KnowledgeBase, here: str) -> None:
    base.upsert(here, [Item(lore("east"), {"text": EAST}), Item(lore("north"), {"text": NORTH})])
    found = base.search(here, Query(vectors={"text": towards(0.2, 1, 0, 0)}))
    assert found.scores["text"] == pytest.approx(
        {"north": 1 / np.hypot(0.2, 1), "east": 0.2 / np.hypot(0.2, 1)}, abs=1e-5
    )


def test_search_equals_arithmetic(base: KnowledgeBase, here: str) -> None:
    random = np.random.default_rng(0)
    rows = random.normal(size=(300, 4)).astype(np.float32)
    base.upsert(here, [Item(lore(str(n)), {"text": row}) for n, row in enumerate(rows)])
    query = random.normal(size=4).astype(np.float32)
    cosines = rows @ query / np.linalg.norm(rows, axis=1) / np.linalg.norm(query)
    scores = base.search(here, Query(vectors={"text": query}, limit=10)).scores["text"]
    best = sorted(scores, key=lambda one: -scores[one])[:10]
    assert best == [str(n) for n in np.argsort(-cosines)[:10]]
    assert [scores[one] for one in best] == pytest.approx(np.sort(cosines)[::-1][:10], abs=1e-5)


def test_words_and_vectors_are_answered_side_by_side(base: KnowledgeBase, here: str) -> None:
    base.upsert(here, [Item(lore("said", "toadstool"), {"text": NORTH}), Item(lore("near", "cap"), {"text": EAST})])
    found = base.search(here, Query("toadstool", {"text": EAST}))
    assert set(found.scores["bm25"]) == {"said"}
    assert found.scores["text"] == pytest.approx({"near": 1.0, "said": 0.0}, abs=1e-5)
    assert set(found.records) == {"said", "near"}


def test_text_only_and_picture_only_records_are_both_found(base: KnowledgeBase, here: str) -> None:
    base.upsert(here, [Item(lore("words"), {"text": EAST}), Item(reference("photo", "a house"), {"image": EAST})])
    both = Query(vectors={"text": EAST, "image": EAST})
    assert base.search(here, both).scores["text"] == pytest.approx({"words": 1.0}, abs=1e-5)
    assert base.search(here, both).scores["image"] == pytest.approx({"photo": 1.0}, abs=1e-5)
    assert {hit.record.id: hit.score for hit in find(base, (here,), both).hits} == {"words": 1.0, "photo": 1.0}


def test_a_record_near_in_one_space_is_scored_in_every_space_it_is_in(base: KnowledgeBase, here: str) -> None:
    crowd = [Item(lore(f"{number:03}"), {"image": towards(1, number / 1e4, 0, 0)}) for number in range(200)]
    far = Item(lore("far"), {"text": EAST, "image": -EAST})
    base.upsert(here, [*crowd, far])
    scores = base.search(here, Query(vectors={"text": EAST, "image": EAST}, limit=2)).scores
    assert scores["image"]["far"] == pytest.approx(-1.0, abs=1e-5)


def test_a_space_the_collection_does_not_have_is_not_asked(base: KnowledgeBase, here: str) -> None:
    base.upsert(here, [Item(lore("one"), {"text": EAST})])
    found = base.search(here, Query(vectors={"text": EAST, "sound": towards(1, 1)}))
    assert set(found.scores["text"]) == {"one"}
    assert not found.scores.get("sound")
    assert ids(base.search(here, Query(vectors={"sound": towards(1, 1)}))) == []


@pytest.mark.parametrize("vector", [np.ones(2), np.ones((1, 4)), np.array([np.nan, 0, 0, 0]), np.zeros(4)])
def test_a_bad_query_vector_is_refused(base: KnowledgeBase, here: str, vector: Vector) -> None:
    with pytest.raises(TryAgain, match="cannot be compared with the space 'text'"):
        base.search(here, Query(vectors={"text": vector.astype(np.float32)}))


@pytest.mark.parametrize("query", [Query("same"), Query(vectors={"text": EAST}), SAME])
def test_every_source_is_ranked_at_least_as_deep_as_the_limit(base: KnowledgeBase, here: str, query: Query) -> None:
    base.upsert(here, [Item(lore(f"{n:02}", "same"), {"text": towards(1, n, 0, 0)}) for n in range(60)])
    found = base.search(here, Query(query.text, query.vectors, limit=50))
    assert all(len(scores) >= 50 for scores in found.scores.values() if scores)
    assert set(found.records) == {one for scores in found.scores.values() for one in scores}


def test_a_query_of_nothing_lists_by_id_what_the_filter_lets_through(base: KnowledgeBase, here: str) -> None:
    base.upsert(here, [Item(lore(one, licence="MIT" if one in "ac" else "CC0")) for one in "dcba"])
    assert ids(base.search(here, Query(limit=3))) == ["a", "b", "c"]
    assert ids(base.search(here, Query(where=Eq("licence", "MIT")))) == ["a", "c"]
    assert base.search(here, Query()).scores == {}


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_of_nought_finds_nothing(base: KnowledgeBase, here: str, limit: int) -> None:
    base.upsert(here, [Item(lore("one", "same"), {"text": EAST})])
    assert (
        base.search(here, Query(limit=limit))
        == base.search(here, Query("same", {"text": EAST}, limit=limit))
        == Found()
    )


def test_a_limit_beyond_what_is_there_gives_what_is_there(base: KnowledgeBase, here: str) -> None:
    base.upsert(here, [Item(lore("one", "same"), {"text": EAST})])
    for query in (Query(limit=100_000), Query("same", {"text": EAST}, limit=2_000)):
        assert ids(base.search(here, query)) == ["one"]


@pytest.mark.parametrize("query", [Query("same"), Query(vectors={"text": EAST}), SAME, Query()])
def test_an_empty_collection_answers_with_nothing(base: KnowledgeBase, here: str, query: Query) -> None:
    found = base.search(here, query)
    assert (found.records, found.missing) == ({}, "")


@pytest.mark.parametrize("text", [" ", "…", "***", "\n"])
def test_words_that_are_none_find_nothing(base: KnowledgeBase, here: str, text: str) -> None:
    base.upsert(here, [Item(lore("one"))])
    assert ids(base.search(here, Query(text))) == []
