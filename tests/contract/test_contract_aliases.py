"""What every knowledge base promises of aliases."""

from __future__ import annotations

import threading

import pytest

from knowledge.base import (
    About,
    Item,
    KnowledgeBase,
    Query,
)
from knowledge.fusion import find
from knowledge.problems import TryAgain
from tests.contract.names import Names
from tests.contract.stores import Opener
from tests.small_records import EAST, SAME, SPACES, ids, lore


def test_an_alias_is_another_name_for_everything(base: KnowledgeBase, here: str, name: Names) -> None:
    alias = name("alias")
    base.point(alias, here)
    assert base.aliases()[alias] == here
    assert base.upsert(alias, [Item(lore("one", "same"), {"text": EAST})]).stored == ("one",)
    base.ensure(alias, SPACES)
    assert alias not in base.collections()
    assert base.about(alias) == About(here, 1, SPACES)
    assert ids(base.search(alias, SAME)) == base.ids(alias) == ["one"]
    assert base.get(alias, ["one"]) == [lore("one", "same")]
    assert [item.record.id for item in base.items(alias, ["one"])] == ["one"]
    assert base.delete(alias, ["one"]) == 1
    assert [hit.collection for hit in find(base, (alias,), Query()).hits] == []


def test_an_alias_moves_at_once_for_every_reader(
    base: KnowledgeBase, open_store: Opener, here: str, name: Names
) -> None:
    other, second, alias = open_store(), name("second"), name("alias")
    base.ensure(second, SPACES)
    base.upsert(here, [Item(lore("first"))])
    base.upsert(second, [Item(lore("second"))])
    for target, found in ((here, "first"), (second, "second"), (here, "first")):
        base.point(alias, target)
        assert ids(other.search(alias, Query())) == [found]
        assert other.aliases()[alias] == target


def test_an_alias_of_an_alias_points_to_the_collection(base: KnowledgeBase, here: str, name: Names) -> None:
    first, second = name("first"), name("second")
    base.point(first, here)
    base.point(second, first)
    assert base.aliases()[second] == here


def test_an_alias_may_not_be_the_name_of_a_collection(base: KnowledgeBase, here: str, name: Names) -> None:
    other = name("other")
    base.ensure(other, SPACES)
    with pytest.raises(TryAgain, match=f"{other!r} is a collection itself"):
        base.point(other, here)
    with pytest.raises(TryAgain, match="cannot name a collection"):
        base.point("a/b", here)
    assert other not in base.aliases()


@pytest.mark.parametrize("through", ["its name", "its alias"])
def test_a_dropped_collection_takes_its_aliases_along(
    base: KnowledgeBase, open_store: Opener, here: str, name: Names, through: str
) -> None:
    other, alias, kept = name("other"), name("alias"), name("kept")
    base.ensure(other, SPACES)
    base.point(alias, here)
    base.point(kept, other)
    base.drop(here if through == "its name" else alias)
    assert here not in base.collections()
    assert alias not in open_store().aliases()
    assert base.aliases()[kept] == other
    with pytest.raises(TryAgain, match="no collection"):
        base.about(alias)
    base.point(alias, other)
    assert base.about(alias).name == other


def test_readers_see_the_old_or_the_new_while_an_alias_moves(
    base: KnowledgeBase, open_store: Opener, here: str, name: Names
) -> None:
    other, alias = name("other"), name("alias")
    base.ensure(other, SPACES)
    for made in (here, other):
        base.upsert(made, [Item(lore("one", made), {"text": EAST})])
    base.point(alias, here)
    seen, over = list[tuple[str, ...]](), threading.Event()

    def read(reader: KnowledgeBase) -> None:
        while not over.is_set():
            found = reader.search(alias, Query(vectors={"text": EAST}))
            seen.append(tuple(record.text for record in found.records.values()))

    threads = [threading.Thread(target=read, args=(reader,)) for reader in (base, open_store())]
    for thread in threads:
        thread.start()
    for turn in range(20):
        base.point(alias, (other, here)[turn % 2])
    over.set()
    for thread in threads:
        thread.join()
    assert seen
    assert set(seen) <= {(lore("one", made).text,) for made in (here, other)}
