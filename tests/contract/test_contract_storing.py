"""What every knowledge base promises of what is stored in it."""

from __future__ import annotations

import re

import numpy as np
import pytest

from knowledge.base import (
    Eq,
    Item,
    KnowledgeBase,
    Query,
    Report,
    Vector,
)
from tests.small_records import EAST, NORTH, SAME, card, ids, lore, reference, towards


def test_every_kind_of_record_comes_back_as_it_was(base: KnowledgeBase, here: str) -> None:
    stored = [
        lore("words", 'What\nit "means"; it\'s 5 % or so. 浮世絵', terms=("a", "b c"), adds="x", base_models=("sd1",)),
        reference("photo", "a house", phash="0123456789abcdef", consent="given", rating=5, licence="CC0", source="me"),
        card("style", about="glass", trigger_words=("stained glass",), tags=("a", ""), weight=0.8, base_model="sdxl"),
    ]
    assert base.upsert(here, [Item(record) for record in stored]) == Report(("words", "photo", "style"))
    assert base.get(here, ["words", "photo", "style"]) == stored


ODD_IDS = (
    "a b",
    "浮世絵",
    "🍄",
    "'",
    '"; --',
    "a/b",
    "..",
    "%",
    "\\",
    "x" * 200,
    "line\nbreak",
    "0",
    "Null",
    "{}",
    "é",
)


def test_ids_may_be_odd(base: KnowledgeBase, here: str) -> None:
    assert base.upsert(here, [Item(lore(odd)) for odd in ODD_IDS]).stored == ODD_IDS
    assert [record.id for record in base.get(here, ODD_IDS)] == list(ODD_IDS)
    assert base.delete(here, ODD_IDS[:3]) == 3
    assert sorted(base.ids(here)) == sorted(ODD_IDS[3:])


def test_ids_that_differ_by_little_are_different(base: KnowledgeBase, here: str) -> None:
    near = ("a", "A", "a ", " a", "á", "a\u0301", "ａ", "a.", "a-")
    base.upsert(here, [Item(lore(one, f"{number}")) for number, one in enumerate(near)])
    assert [record.model_dump()["body"] for record in base.get(here, near)] == [str(n) for n in range(len(near))]
    assert base.get(here, ["a\x00", "a\x00b", "b", ""]) == []
    assert base.delete(here, ["a\x00", "a\x00b", "b", ""]) == 0


BAD_VECTORS = [
    ({"text": np.array([1, 2, 3], np.float32)}, r"shape \(3,\)"),
    ({"text": np.ones((1, 4), np.float32)}, r"shape \(1, 4\)"),
    ({"text": np.array([1, np.nan, 0, 0], np.float32)}, "not finite"),
    ({"image": np.array([np.inf, 0, 0, 0], np.float32)}, "not finite"),
    ({"text": EAST, "image": np.zeros(4, np.float32)}, "zeros"),
    ({"text": EAST, "sound": EAST}, "no space 'sound'"),
]


@pytest.mark.parametrize(("vectors", "why"), BAD_VECTORS)
def test_a_bad_vector_is_refused_with_its_reason_and_the_good_items_are_stored(
    base: KnowledgeBase, here: str, vectors: dict[str, Vector], why: str
) -> None:
    report = base.upsert(here, [Item(lore("bad", "same"), vectors), Item(lore("good", "same"), {"text": EAST})])
    assert report.stored == ("good",)
    ((failed, said),) = report.failed
    assert failed == "bad"
    assert re.search(why, said)
    assert ids(base.search(here, Query())) == ids(base.search(here, SAME)) == base.ids(here) == ["good"]


def test_a_refused_update_leaves_what_was_there(base: KnowledgeBase, here: str) -> None:
    base.upsert(here, [Item(lore("one", "same"), {"text": EAST, "image": NORTH})])
    report = base.upsert(here, [Item(lore("one", "changed"), {"text": NORTH, "image": np.zeros(4, np.float32)})])
    assert report.stored == ()
    ((kept, item),) = zip(base.get(here, ["one"]), base.items(here, ["one"]), strict=True)
    assert kept == item.record == lore("one", "same")
    np.testing.assert_allclose(item.vectors["text"], EAST, atol=1e-6)
    assert ids(base.search(here, Query("changed"))) == []


def test_text_that_is_not_unicode_is_refused(base: KnowledgeBase, here: str) -> None:
    report = base.upsert(here, [Item(lore("odd", "\ud800")), Item(lore("good"))])
    assert report == Report(("good",), (("odd", "its text is not valid Unicode"),))


def test_of_two_items_with_one_id_the_last_counts(base: KnowledgeBase, here: str) -> None:
    first = Item(lore("one", "old"), {"image": EAST})
    assert base.upsert(here, [first, Item(lore("one", "new"))]).stored == ("one",)
    assert base.get(here, ["one"]) == [lore("one", "new")]
    assert ids(base.search(here, Query(vectors={"image": EAST}))) == []
    assert base.about(here).records == 1


def test_nothing_may_be_stored_fetched_and_deleted(base: KnowledgeBase, here: str) -> None:
    assert base.upsert(here, []) == Report()
    assert base.get(here, []) == base.items(here, []) == base.ids(here) == []
    assert base.delete(here, []) == 0


def test_a_thousand_records_are_stored_at_once(base: KnowledgeBase, here: str) -> None:
    names = [f"{number:04}" for number in range(1000)]
    report = base.upsert(here, [Item(lore(one), {"text": towards(1, int(one), 0, 0)}) for one in names])
    assert report == Report(tuple(names))
    assert base.about(here).records == 1000
    assert [record.id for record in base.get(here, names[::-1])] == names[::-1]


def test_an_update_replaces_record_words_and_vectors(base: KnowledgeBase, here: str) -> None:
    base.upsert(here, [Item(lore("one", "old", licence="MIT"), {"text": EAST, "image": EAST})])
    base.upsert(here, [Item(lore("one", "new", licence="CC0"), {"text": NORTH})])
    assert base.about(here).records == 1
    assert ids(base.search(here, Query("old"))) == []
    assert ids(base.search(here, Query(vectors={"image": EAST}))) == []
    assert ids(base.search(here, Query(where=Eq("licence", "MIT")))) == []
    found = base.search(here, Query("new", {"text": NORTH}, Eq("licence", "CC0")))
    assert found.records == {"one": lore("one", "new", licence="CC0")}
    assert found.scores["text"]["one"] == pytest.approx(1.0, abs=1e-5)


def test_what_is_deleted_is_found_no_more(base: KnowledgeBase, here: str) -> None:
    base.upsert(here, [Item(lore(one, "same"), {"text": EAST}) for one in "abc"])
    assert base.delete(here, ["a", "c", "never", "a"]) == 2
    assert base.delete(here, ["a"]) == 0
    assert ids(base.search(here, SAME)) == ids(base.search(here, Query())) == base.ids(here) == ["b"]
    assert base.get(here, ["a", "b"]) == [lore("b", "same")]
    assert base.about(here).records == 1


def test_what_was_deleted_may_come_back(base: KnowledgeBase, here: str) -> None:
    base.upsert(here, [Item(lore("one", "old"), {"text": EAST})])
    base.delete(here, ["one"])
    base.upsert(here, [Item(lore("one", "same"), {"text": NORTH})])
    assert base.search(here, SAME).scores["text"]["one"] == pytest.approx(0.0, abs=1e-6)
    assert base.get(here, ["one"]) == [lore("one", "same")]


def test_get_keeps_the_order_asked_for_and_leaves_out_what_is_not_there(base: KnowledgeBase, here: str) -> None:
    base.upsert(here, [Item(lore(one)) for one in "abc"])
    assert [record.id for record in base.get(here, ["c", "x", "a"])] == ["c", "a"]
    assert [item.record.id for item in base.items(here, ["c", "x", "a"])] == ["c", "a"]


def test_vectors_come_back_as_they_were_stored(base: KnowledgeBase, here: str) -> None:
    rows = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    stored = [Item(lore(str(n)), {"text": row} | ({"image": rows[-n]} if n % 2 else {})) for n, row in enumerate(rows)]
    base.upsert(here, [*stored, Item(lore("bare"))])
    back = base.items(here, [*map(str, range(40)), "bare"])
    assert back[-1] == Item(lore("bare"))
    for item, kept in zip(stored, back, strict=False):
        assert item.record == kept.record
        assert set(item.vectors) == set(kept.vectors)
        for space, vector in item.vectors.items():
            np.testing.assert_allclose(kept.vectors[space], vector, atol=1e-6)


def test_a_vector_of_another_length_counts_by_its_direction(base: KnowledgeBase, here: str) -> None:
    base.upsert(here, [Item(lore("long"), {"text": 1e4 * NORTH}), Item(lore("short"), {"text": 1e-4 * EAST})])
    found = base.search(here, Query(vectors={"text": 50 * EAST}))
    assert found.scores["text"] == pytest.approx({"short": 1.0, "long": 0.0}, abs=1e-5)


def test_ids_come_in_pages_in_the_order_of_their_text(base: KnowledgeBase, here: str) -> None:
    stored = [f"{number:03}" for number in range(25)] + ["A", "a", "é", "浮"]
    base.upsert(here, [Item(lore(one)) for one in stored[::-1]])
    assert base.ids(here) == stored
    pages, after = list[list[str]](), ""
    while page := base.ids(here, after, 10):
        pages.append(page)
        after = page[-1]
    assert [len(page) for page in pages] == [10, 10, 9]
    assert [one for page in pages for one in page] == stored
    assert base.ids(here, "0005", 2) == ["001", "002"]
    assert base.ids(here, "浮") == base.ids(here, limit=0) == []
