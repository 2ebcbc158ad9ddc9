"""What every knowledge base promises to threads and readers that use it at the same time."""

from __future__ import annotations

import threading

from knowledge.base import (
    Item,
    KnowledgeBase,
    Query,
)
from tests.contract.stores import Opener
from tests.small_records import EAST, SAME, lore, towards


def test_two_threads_write_and_search_one_store(base: KnowledgeBase, here: str) -> None:
    def write(who: int) -> None:
        for number in range(10):
            base.upsert(here, [Item(lore(f"{who}-{number}", "same"), {"text": towards(1, who, number, 0)})])
            base.search(here, SAME)

    threads = [threading.Thread(target=write, args=(who,)) for who in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(base.ids(here)) == base.about(here).records == 20


def test_a_record_that_is_updated_is_found_old_or_new_and_never_not_at_all(
    base: KnowledgeBase, open_store: Opener, here: str
) -> None:
    reader, seen, over = open_store(), list[tuple[str, float]](), threading.Event()
    versions = {"old": EAST, "new": towards(1, 1, 0, 0)}
    base.upsert(here, [Item(lore("one", "old"), {"text": EAST})])

    def read() -> None:
        while not over.is_set():
            found = reader.search(here, Query("one", {"text": EAST}))
            seen.append((found.records["one"].model_dump()["body"], round(found.scores["text"]["one"], 3)))

    thread = threading.Thread(target=read)
    thread.start()
    for turn in range(20):
        body = ("new", "old")[turn % 2]
        base.upsert(here, [Item(lore("one", body), {"text": versions[body]})])
    over.set()
    thread.join()
    assert seen
    assert {body for body, _ in seen} <= {"old", "new"}
    assert {cosine for _, cosine in seen} <= {1.0, 0.707}


def test_a_write_is_seen_by_the_next_query_of_another_reader(
    base: KnowledgeBase, open_store: Opener, here: str
) -> None:
    other = open_store()
    for number in range(5):
        base.upsert(here, [Item(lore(str(number), "same"), {"text": towards(1, number, 0, 0)})])
        found = other.search(here, SAME)
        assert len(found.scores["text"]) == len(found.scores["bm25"]) == number + 1
