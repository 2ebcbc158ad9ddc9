"""What every knowledge base promises of its collections: names, encoders, dropping, health."""

from __future__ import annotations

import numpy as np
import pytest

from knowledge.base import (
    About,
    Found,
    Item,
    KnowledgeBase,
    Query,
    Space,
)
from knowledge.problems import GiveUp, TryAgain
from tests.contract.names import Names
from tests.contract.stores import Opener
from tests.small_records import EAST, SAME, SPACES, ids, lore, towards


def test_a_new_collection_is_known_and_empty(base: KnowledgeBase, here: str) -> None:
    assert here in base.collections()
    assert base.about(here) == About(here, 0, SPACES)
    assert base.spaces(here) == SPACES
    assert base.search(here, Query()) == Found()


def test_to_ensure_a_collection_again_changes_nothing(base: KnowledgeBase, here: str) -> None:
    base.upsert(here, [Item(lore("kept"))])
    base.ensure(here, SPACES)
    base.ensure(here, SPACES[:1])
    assert base.about(here) == About(here, 1, SPACES)


def test_another_encoder_is_refused_and_both_are_named(base: KnowledgeBase, here: str) -> None:
    with pytest.raises(GiveUp, match=r"another encoder.*'encoder-a'.*'encoder-b'"):
        base.ensure(here, (Space("text", "encoder-b", 4),))
    assert base.about(here).spaces == SPACES


def test_another_number_of_dimensions_is_refused(base: KnowledgeBase, here: str) -> None:
    with pytest.raises(GiveUp, match=r"another encoder"):
        base.ensure(here, (Space("text", "encoder-a", 5),))


def test_a_space_may_be_added_later(base: KnowledgeBase, here: str) -> None:
    base.upsert(here, [Item(lore("old"), {"text": EAST})])
    sound = Space("sound", "encoder-b", 2)
    base.ensure(here, (*SPACES, sound))
    base.upsert(here, [Item(lore("new"), {"sound": towards(1, 1)})])
    assert set(base.about(here).spaces) == {*SPACES, sound}
    assert ids(base.search(here, Query(vectors={"sound": towards(1, 1)}))) == ["new"]
    assert ids(base.search(here, Query(vectors={"text": EAST}))) == ["old"]


@pytest.mark.parametrize(
    "ask", ["about", "spaces", "search", "get", "items", "ids", "upsert", "delete", "drop", "point"]
)
def test_an_unknown_collection_is_said_with_those_there_are(
    base: KnowledgeBase, here: str, name: Names, ask: str
) -> None:
    unknown = name("unknown")
    rest = {
        "search": (Query(),),
        "get": (["a"],),
        "items": (["a"],),
        "upsert": ([Item(lore("a"))],),
        "delete": (["a"],),
    }
    with pytest.raises(TryAgain, match=rf"no collection {unknown!r}.*{here!r}"):
        getattr(base, ask)(*((name("alias"), unknown) if ask == "point" else (unknown, *rest.get(ask, ()))))


ODD_NAMES = (
    "ukiyo-e 浮世絵",
    "Lore",
    "lore.",
    "..",
    "nul",
    "a\\b",
    "%2f",
    "~",
    "C:",
    "'; --",
    '"',
    "*",
    "🍄",
    "x" * 150,
)


@pytest.mark.parametrize("odd", ODD_NAMES)
def test_a_collection_may_have_an_odd_name(base: KnowledgeBase, name: Names, odd: str) -> None:
    made = name(odd)
    base.ensure(made, SPACES)
    base.upsert(made, [Item(lore("kept"))])
    assert made in base.collections()
    assert base.about(made).name == made
    assert ids(base.search(made, Query())) == ["kept"]


def test_names_that_differ_by_little_name_different_collections(base: KnowledgeBase, name: Names) -> None:
    near = [
        name(odd) for odd in ("lore", "Lore", "LORE", "lore.", "lore!", "lore-", "lore_", "løre", "l.ore", "浮", "世")
    ]
    for made in near:
        base.ensure(made, SPACES)
        base.upsert(made, [Item(lore(made))])
    assert {made: ids(base.search(made, Query())) for made in near} == {made: [made] for made in near}


@pytest.mark.parametrize("impossible", ["", "   ", "a/b", "../../up", "x" * 201, "a\x00b", "line\nbreak", "\ud800"])
def test_a_name_that_cannot_be_kept_is_refused(base: KnowledgeBase, impossible: str) -> None:
    before = base.collections()
    with pytest.raises(TryAgain, match="cannot name a collection"):
        base.ensure(impossible, SPACES)
    assert base.collections() == before


def test_a_dropped_collection_is_gone_for_every_reader(base: KnowledgeBase, open_store: Opener, here: str) -> None:
    other = open_store()
    base.upsert(here, [Item(lore("kept"))])
    assert ids(other.search(here, Query())) == ["kept"]
    base.drop(here)
    assert here not in other.collections()
    for reader in (base, other):
        with pytest.raises(TryAgain, match="no collection"):
            reader.search(here, Query())


def test_a_dropped_collection_may_be_made_anew_with_another_encoder(
    base: KnowledgeBase, open_store: Opener, here: str
) -> None:
    other = open_store()
    other.upsert(here, [Item(lore("old"), {"text": EAST})])
    base.drop(here)
    base.ensure(here, (Space("text", "encoder-b", 2),))
    other.upsert(here, [Item(lore("new"), {"text": towards(1, 1)})])
    assert base.ids(here) == ["new"]
    assert other.about(here) == About(here, 1, (Space("text", "encoder-b", 2),))


def test_a_store_that_works_is_well(base: KnowledgeBase, here: str) -> None:
    health = base.health()
    assert health.ok
    assert health.said


def test_a_store_may_be_closed_twice_and_others_go_on(base: KnowledgeBase, open_store: Opener, here: str) -> None:
    other = open_store()
    base.upsert(here, [Item(lore("one"))])
    base.close()
    base.close()
    assert other.ids(here) == ["one"]


def test_what_was_stored_is_there_when_the_store_is_opened_again(
    base: KnowledgeBase, open_store: Opener, here: str
) -> None:
    base.upsert(here, [Item(lore("one", "same"), {"text": EAST})])
    base.close()
    again = open_store()
    assert ids(again.search(here, SAME)) == ["one"]
    np.testing.assert_allclose(again.items(here, ["one"])[0].vectors["text"], EAST, atol=1e-6)
