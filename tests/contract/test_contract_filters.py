"""What every knowledge base promises of filters: each of them, in each other, and with hostile values."""

from __future__ import annotations

import pytest

from benchmarks.hostile_strings import hostile_strings
from knowledge.base import (
    And,
    Eq,
    Filter,
    In,
    Item,
    KnowledgeBase,
    Least,
    Most,
    Not,
    Or,
    Query,
)
from knowledge.problems import TryAgain
from tests.small_records import EAST, NORTH, card, ids, lore, reference

ZOO = (
    lore("lore", terms=("toadstool", "cap"), base_models=("sd1", "sdxl"), licence="MIT"),
    lore("bare"),
    reference("photo", "a house", consent="given", rating=4, licence="CC0"),
    reference("other", "a boat", consent="refused", rating=2, licence="CC0"),
    card("glass", tags=("stained", "glass"), weight=0.8, licence="MIT"),
    card("ink", tags=("ink", "wash painting"), base_model="sdxl", weight=1.0),
)
EVERY = {record.id for record in ZOO}
FILTERS: list[tuple[Filter, set[str]]] = [
    (Eq("kind", "lora"), {"glass", "ink"}),
    (Eq("id", "ink"), {"ink"}),
    (Eq("title", "bare"), {"bare"}),
    (Eq("caption", "a house"), {"photo"}),
    (Eq("caption", "house"), set()),
    (Eq("licence", "MIT"), {"lore", "glass"}),
    (Eq("licence", "mit"), set()),
    (Eq("licence", "MI"), set()),
    (Eq("licence", ""), {"bare", "ink"}),
    (Eq("tags", "glass"), {"glass"}),
    (Eq("tags", "wash painting"), {"ink"}),
    (Eq("tags", "wash"), set()),
    (Eq("base_models", "sdxl"), {"lore"}),
    (Eq("weight", "0.8"), {"glass"}),
    (Eq("weight", "1"), {"ink"}),
    (Eq("rating", "4"), {"photo"}),
    (Eq("rating", "many"), set()),
    (In("kind", ("lore", "lora")), {"lore", "bare", "glass", "ink"}),
    (In("terms", ("cap", "toadstool")), {"lore"}),
    (In("weight", ("0.8", "1.0", "x")), {"glass", "ink"}),
    (In("kind", ()), set()),
    (Least("rating", 3), {"photo"}),
    (Least("rating", 4), {"photo"}),
    (Most("rating", 3.5), {"other"}),
    (Least("weight", 0.9), {"ink"}),
    (Most("weight", 1e9), {"glass", "ink"}),
    (Least("weight", float("inf")), set()),
    (Least("weight", float("nan")), set()),
    (Least("licence", 0), set()),
    (And((Least("rating", 2), Most("rating", 2))), {"other"}),
    (And((Eq("kind", "lora"), Eq("base_model", "sdxl"))), {"ink"}),
    (And((Eq("kind", "lora"), Eq("kind", "lore"))), set()),
    (And(()), EVERY),
    (Or((Eq("consent", "given"), Eq("tags", "ink"))), {"photo", "ink"}),
    (Or(()), set()),
    (Not(Eq("kind", "lora")), EVERY - {"glass", "ink"}),
    (Not(Eq("consent", "refused")), EVERY - {"other"}),
    (Not(Least("rating", 3)), EVERY - {"photo"}),
    (Not(And(())), set()),
    (Not(Or(())), EVERY),
    (Not(Not(Eq("id", "ink"))), {"ink"}),
    (Not(In("licence", ("MIT", "CC0"))), {"bare", "ink"}),
    (Not(Or((Eq("kind", "lora"), Eq("kind", "reference")))), {"lore", "bare"}),
    (And((Not(Eq("kind", "lora")), Not(Eq("kind", "lore")))), {"photo", "other"}),
    (And((Not(Eq("licence", "")), Or((Eq("kind", "lore"), Least("rating", 3))))), {"lore", "photo"}),
    (Or((Not(Eq("licence", "CC0")), And((Eq("kind", "reference"), Eq("rating", "2"))))), EVERY - {"photo"}),
]


@pytest.mark.parametrize(
    ("where", "passing"), FILTERS, ids=lambda value: str(value) if isinstance(value, Filter) else ""
)
def test_a_filter_lets_the_same_through_whatever_is_asked(
    base: KnowledgeBase, here: str, where: Filter, passing: set[str]
) -> None:
    base.upsert(here, [Item(record, {"text": EAST}) for record in ZOO])
    names = " ".join(record.title for record in ZOO)
    assert set(base.search(here, Query(where=where)).records) == passing
    assert set(base.search(here, Query(names, where=where)).records) == passing
    assert set(base.search(here, Query(vectors={"text": EAST}, where=where)).records) == passing


def test_a_filter_comes_before_the_ranking(base: KnowledgeBase, here: str) -> None:
    base.upsert(here, [Item(lore(f"{n:03}", "same", licence="MIT"), {"text": EAST}) for n in range(300)])
    base.upsert(here, [Item(lore("far", f"same {'and other words ' * 9}", licence="CC0"), {"text": NORTH})])
    found = base.search(here, Query("same", {"text": EAST}, Eq("licence", "CC0"), limit=1))
    assert set(found.scores["bm25"]) == set(found.scores["text"]) == {"far"}


def test_ten_thousand_values_may_be_listed(base: KnowledgeBase, here: str) -> None:
    base.upsert(here, [Item(lore("kept", licence="MIT")), Item(lore("other"))])
    many = tuple(map(str, range(10_000)))
    assert ids(base.search(here, Query(where=In("id", (*many, "kept"))))) == ["kept"]
    assert ids(base.search(here, Query(where=In("licence", (*many, "MIT"))))) == ["kept"]


@pytest.mark.parametrize("field", ["body) OR 1=1", "$.id", "", "vectors", "__class__", "浮世絵"])
@pytest.mark.parametrize("kind", [Eq, Least])
def test_a_filter_on_no_field_says_which_there_are(
    base: KnowledgeBase, here: str, field: str, kind: type[Eq] | type[Least]
) -> None:
    with pytest.raises(TryAgain, match=r"no field.*base_model, .*licence"):
        base.search(here, Query(where=kind(field, "1" if kind is Eq else 1.0)))  # type: ignore[arg-type]


@pytest.fixture
def guarded(base: KnowledgeBase, here: str) -> str:
    """A public record and a secret one that says everything an attacker might ask for."""
    said = "the of and a b c word near not or select from union text body title xa x浮世絵 public secret"
    base.upsert(here, [
        Item(lore("open", "a word", licence="public"), {"text": EAST}),
        Item(lore("closed", said, licence="secret", terms=("a",)), {"text": NORTH}),
    ])  # fmt: skip
    return here


def test_no_filter_value_lets_anything_else_through(base: KnowledgeBase, guarded: str) -> None:
    hostile = hostile_strings()
    assert len(hostile) >= 300
    leaks = [text for text in hostile if base.search(guarded, Query(where=Eq("licence", text))).records]
    assert leaks == []
    assert ids(base.search(guarded, Query(where=In("licence", (*hostile, "public"))))) == ["open"]


def test_no_words_break_the_search_or_get_past_its_filter(base: KnowledgeBase, guarded: str) -> None:
    only = Eq("licence", "public")
    leaks = [text for text in hostile_strings() if "closed" in base.search(guarded, Query(text, where=only)).records]
    assert leaks == []
    assert base.get(guarded, ["open", "closed"]) != []
    assert base.about(guarded).records == 2


def test_hostile_strings_are_stored_and_fetched_like_any_other(base: KnowledgeBase, here: str) -> None:
    hostile = [text for text in hostile_strings() if "\x00" not in text and 0 < len(text) <= 200]
    hostile = [text for text in hostile if text.encode(errors="ignore").decode() == text]
    records = [lore(text, text, title=text, licence=text) for text in hostile]
    assert base.upsert(here, [Item(record) for record in records]).failed == ()
    assert base.get(here, hostile) == records
    assert {text for text in hostile if ids(base.search(here, Query(where=Eq("licence", text)))) != [text]} == set()
    assert base.delete(here, hostile) == len(hostile)
