"""How ranked lists of different sources and collections become one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.base import Eq, Item, Query, Space, Vector
from knowledge.embedded import EmbeddedBase
from knowledge.fusion import WORDS, Blend, Findings, blend, find, reciprocal, relative
from knowledge.problems import TryAgain
from tests.small_records import EAST, NORTH, SAME, SPACES, lore, reference, towards

SCORES = st.dictionaries(st.integers(0, 20), st.floats(-1e6, 1e6), max_size=12)
HOW = st.builds(Blend, st.sampled_from(["relative", "rrf"]), st.floats(0, 1), st.integers(1, 100))
NEAREST = Query(vectors={"text": EAST})


@pytest.fixture
def base(tmp_path: Path) -> Iterator[EmbeddedBase]:
    made = EmbeddedBase(tmp_path / "knowledge")
    for collection in ("lore", "references"):
        made.ensure(collection, SPACES)
    yield made
    made.close()


def near(base: EmbeddedBase, collection: str, vectors: Mapping[str, Vector]) -> None:
    base.upsert(collection, [Item(lore(record_id), {"text": vector}) for record_id, vector in vectors.items()])


def found(findings: Findings) -> list[str]:
    return [hit.record.id for hit in findings.hits]


# --- the arithmetic ---


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


def test_where_only_words_were_asked_for_they_have_the_whole_say() -> None:
    assert blend({WORDS: {"a": 3.0, "b": 1.0}, "image": {}}) == {"a": 1.0, "b": 0.0}


def test_a_record_without_a_picture_loses_nothing_by_it() -> None:
    blended = blend({"text": {"card": 0.9, "photo": 0.1}, "image": {"photo": 0.3, "other": 0.1}})
    assert blended["card"] == 1.0


def test_alpha_moves_the_say_from_words_to_vectors() -> None:
    lists = {WORDS: {"said": 2.0, "near": 1.0}, "text": {"near": 0.9, "said": 0.1}}
    assert next(iter(blend(lists, Blend(alpha=0.2)))) == "said"
    assert next(iter(blend(lists, Blend(alpha=0.8)))) == "near"


def test_by_reciprocal_rank_only_the_order_counts() -> None:
    assert reciprocal({"a": 100.0, "b": 0.1, "c": 0.0}, 60) == pytest.approx({"a": 1.0, "b": 61 / 62, "c": 61 / 63})
    tight, wide = {"a": 0.51, "b": 0.5}, {"a": 9.0, "b": 0.1}
    assert blend({WORDS: tight}, Blend("rrf")) == blend({WORDS: wide}, Blend("rrf"))


def test_second_in_both_lists_beats_first_in_one_by_reciprocal_rank() -> None:
    lists = {WORDS: {"said": 9.0, "both": 1.0}, "text": {"near": 0.9, "both": 0.1}}
    assert next(iter(blend(lists, Blend("rrf")))) == "both"
    assert next(iter(blend(lists))) != "both"


def test_a_small_k_lets_the_first_place_count_more() -> None:
    small, large = (reciprocal({"a": 2.0, "b": 1.0}, k)["b"] for k in (1, 1000))
    assert small < large < 1


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([WORDS, "text", "image"]), SCORES), HOW)
def test_any_lists_give_scores_from_nought_to_one_best_first(lists: dict[str, dict[int, float]], how: Blend) -> None:
    scores = list(blend(lists, how).values())
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 + 1e-9 for score in scores)
    assert set(blend(lists, how)) == {key for scores in lists.values() for key in scores}


# --- several collections ---


def test_two_collections_are_ranked_as_if_they_were_one(base: EmbeddedBase) -> None:
    near(base, "lore", {"weak": towards(1, 9, 0, 0), "weaker": NORTH})
    near(base, "references", {"strong": towards(9, 1, 0, 0)})
    findings = find(base, ("lore", "references"), NEAREST)
    assert [(hit.collection, hit.record.id) for hit in findings.hits] == [
        ("references", "strong"), ("lore", "weak"), ("lore", "weaker")
    ]  # fmt: skip
    assert (findings.hits[0].score, findings.hits[-1].score) == (1.0, 0.0)
    assert findings.hits[0].found_by["text"] == pytest.approx(9 / 82**0.5, abs=1e-5)
    assert findings.missing == {}


def test_a_weight_lets_a_collection_count_less(base: EmbeddedBase) -> None:
    near(base, "lore", {"good": towards(1, 1, 0, 0), "bad": NORTH})
    near(base, "references", {"best": EAST})
    assert found(find(base, {"lore": 1.0, "references": 1.0}, NEAREST))[0] == "best"
    assert found(find(base, {"lore": 1.0, "references": 0.5}, NEAREST))[0] == "good"


def test_the_same_id_in_two_collections_stays_two_hits(base: EmbeddedBase) -> None:
    near(base, "lore", {"same": EAST})
    near(base, "references", {"same": EAST})
    assert [hit.collection for hit in find(base, ("lore", "references"), NEAREST).hits] == ["lore", "references"]


def test_a_collection_named_twice_is_asked_once(base: EmbeddedBase) -> None:
    near(base, "lore", {"one": EAST})
    assert found(find(base, ("lore", "lore"), NEAREST)) == ["one"]


def test_what_both_words_and_vectors_find_comes_first(base: EmbeddedBase) -> None:
    base.upsert("lore", [
        Item(lore("said", "same"), {"text": NORTH}),
        Item(lore("near"), {"text": EAST}),
        Item(lore("both", "same"), {"text": EAST}),
    ])  # fmt: skip
    first = find(base, ("lore",), SAME).hits[0]
    assert (first.record.id, first.score) == ("both", 1.0)
    assert set(first.found_by) == {"bm25", "text"}


def test_no_more_than_the_limit_come_and_the_filter_holds(base: EmbeddedBase) -> None:
    licences = ("MIT", "CC0")
    base.upsert("lore", [Item(lore(str(n), licence=licences[n % 2]), {"text": towards(9, n, 0, 0)}) for n in range(40)])
    assert found(find(base, ("lore",), Query(vectors={"text": EAST}, where=Eq("licence", "CC0"), limit=3))) == [*"135"]


def test_a_query_of_nothing_lists_every_collection(base: EmbeddedBase) -> None:
    near(base, "lore", {"b": EAST, "a": EAST})
    near(base, "references", {"c": EAST})
    assert found(find(base, ("lore", "references"), Query())) == ["a", "b", "c"]


def test_an_unknown_collection_is_said(base: EmbeddedBase) -> None:
    with pytest.raises(TryAgain, match="no collection 'styles'"):
        find(base, ("lore", "styles"), NEAREST)


def test_vectors_of_another_encoder_are_not_compared_and_the_words_still_are(base: EmbeddedBase) -> None:
    base.ensure("older", (Space("text", "encoder-z", 4),))
    for collection in ("lore", "older"):
        base.upsert(collection, [Item(lore(f"{collection}-one", "same"), {"text": EAST})])
    asked = Query("same", {"text": EAST}, encoders={"text": "encoder-a"})
    findings = find(base, ("lore", "older"), asked)
    assert {hit.record.id: set(hit.found_by) for hit in findings.hits} == {
        "lore-one": {"bm25", "text"}, "older-one": {"bm25"}
    }  # fmt: skip
    assert "another encoder" in findings.missing["older"]
    assert set(findings.missing) == {"older"}


# --- likeness ---


def test_of_pictures_that_look_the_same_the_best_stays(base: EmbeddedBase) -> None:
    base.upsert("references", [
        Item(reference("worse", "a house", phash="00000000000000ff"), {"text": towards(2, 1, 0, 0)}),
        Item(reference("best", "a house", phash="00000000000000f0"), {"text": EAST}),
        Item(reference("other", "a house", phash="ffffffff00000000"), {"text": NORTH}),
    ])  # fmt: skip
    base.upsert("lore", [Item(reference("twin", "a house", phash="00000000000000f1"), {"text": towards(9, 1, 0, 0)})])
    assert found(find(base, ("references", "lore"), NEAREST)) == ["best", "other"]


def test_pictures_of_unknown_likeness_are_all_kept(base: EmbeddedBase) -> None:
    base.upsert("references", [Item(reference(one, "a house"), {"text": EAST}) for one in "abc"])
    assert len(find(base, ("references",), NEAREST).hits) == 3


def test_diversity_prefers_what_is_unlike_the_hits_before(base: EmbeddedBase) -> None:
    near(base, "lore", {"first": towards(3, 1, 0, 0), "again": towards(3, 1.1, 0, 0), "else": towards(3, 0, -2, 0)})
    near(base, "lore", {"far": NORTH})
    query = Query(vectors={"text": EAST}, limit=2)
    assert found(find(base, ("lore",), query)) == ["first", "again"]
    assert found(find(base, ("lore",), query, Blend(diversity=0.5))) == ["first", "else"]
    assert found(find(base, ("lore",), query, Blend(diversity=0.01))) == ["first", "again"]


def test_diversity_keeps_the_limit_and_changes_no_score(base: EmbeddedBase) -> None:
    near(base, "lore", {str(n): towards(1, n / 10, 0, 0) for n in range(20)})
    plain = {hit.record.id: hit.score for hit in find(base, ("lore",), Query(vectors={"text": EAST}, limit=20)).hits}
    mixed = find(base, ("lore",), Query(vectors={"text": EAST}, limit=6), Blend(diversity=0.7)).hits
    assert len(mixed) == 6
    assert {hit.record.id: hit.score for hit in mixed}.items() <= plain.items()


def test_diversity_needs_no_vectors(base: EmbeddedBase) -> None:
    base.upsert("lore", [Item(lore(one, "same")) for one in "ab"])
    assert set(found(find(base, ("lore",), Query("same"), Blend(diversity=0.9)))) == {"a", "b"}
