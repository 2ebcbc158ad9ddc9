"""Compaction of the embedded base: what it gives back, and that nobody notices while it happens."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.kills import failures
from knowledge import vector_compaction
from knowledge.base import Item, Query, Space
from knowledge.collection_rows import CollectionRows
from knowledge.embedded import EmbeddedBase
from tests.small_records import EAST, SAME, SPACES, ids, lore, towards

WIDE = (Space("text", "encoder", 256),)
"""Vectors of a kilobyte."""


@pytest.fixture
def base(tmp_path: Path) -> Iterator[EmbeddedBase]:
    made = EmbeddedBase(tmp_path / "knowledge")
    made.ensure("lore", SPACES)
    made.ensure("wide", WIDE)
    yield made
    made.close()


def batch(count: int, first: int = 0, seed: int = 0) -> list[Item]:
    vectors = np.random.default_rng(seed).normal(size=(count, 256)).astype(np.float32)
    return [Item(lore(f"{n:05}", "same"), {"text": vector}) for n, vector in enumerate(vectors, first)]


def size(base: EmbeddedBase, pattern: str) -> int:
    return sum(path.stat().st_size for path in (base.folder / "wide").glob(pattern))


def test_compaction_gives_back_the_room_of_what_is_gone_and_changes_no_answer(base: EmbeddedBase) -> None:
    base.upsert("wide", batch(400))
    base.upsert("wide", batch(100, seed=1))
    base.delete("wide", [f"{n:05}" for n in range(150, 400)])
    query = Query("same", {"text": np.ones(256, np.float32)}, limit=50)
    before, rows = base.search("wide", query), size(base, "records.sqlite*")
    kept = base.items("wide", base.ids("wide"))
    base.compact("wide")
    after = base.search("wide", query)
    assert after.records == before.records
    assert after.scores["text"] == pytest.approx(before.scores["text"], abs=1e-6)
    assert size(base, "*.f32") == 150 * 1024
    assert size(base, "records.sqlite*") < rows / 2
    for old, new in zip(kept, base.items("wide", base.ids("wide")), strict=True):
        np.testing.assert_array_equal(old.vectors["text"], new.vectors["text"])
    assert base.check("wide") == ()


def test_what_needs_no_compaction_keeps_its_files(base: EmbeddedBase) -> None:
    base.upsert("wide", batch(10))
    before = list((base.folder / "wide").glob("*.f32"))
    base.compact("wide")
    assert list((base.folder / "wide").glob("*.f32")) == before


def test_a_collection_may_be_compacted_when_nothing_is_left(base: EmbeddedBase) -> None:
    base.upsert("wide", batch(10))
    base.delete("wide", base.ids("wide"))
    base.compact("wide")
    assert size(base, "*.f32") == 0
    assert base.search("wide", Query(vectors={"text": np.ones(256, np.float32)})).records == {}
    base.upsert("wide", batch(5))
    assert base.about("wide").records == 5
    assert base.check("wide") == ()


def test_a_file_of_which_more_than_half_is_dead_is_compacted_by_the_write_that_finds_it(base: EmbeddedBase) -> None:
    least = vector_compaction.LEAST_BURIED
    base.upsert("wide", batch(least))
    base.upsert("wide", batch(least, seed=1))
    assert size(base, "*.f32") == 2 * least * 1024, "just half is dead"
    base.upsert("wide", batch(1, seed=2))
    assert size(base, "*.f32") == least * 1024
    assert len(list((base.folder / "wide").glob("*.f32"))) == 1
    assert base.check("wide") == ()


def test_a_small_file_is_left_alone(base: EmbeddedBase) -> None:
    for seed in range(5):
        base.upsert("wide", batch(20, seed=seed))
    assert size(base, "*.f32") == 100 * 1024


def test_a_write_is_safe_though_the_compaction_after_it_fails(base: EmbeddedBase) -> None:
    least = vector_compaction.LEAST_BURIED
    in_the_way = base.folder / "wide" / "vectors-1-1.f32"
    in_the_way.mkdir()
    base.upsert("wide", batch(least))
    base.upsert("wide", batch(least, seed=1))
    assert base.upsert("wide", batch(1, seed=2)).stored == ("00000",)
    assert base.check("wide") == ()
    in_the_way.rmdir()
    assert size(base, "*.f32") == (2 * least + 1) * 1024
    base.upsert("wide", batch(1, seed=3))
    assert size(base, "*.f32") == least * 1024


def test_others_read_and_write_on_while_a_collection_is_compacted(base: EmbeddedBase) -> None:
    wrong, over = list[object](), threading.Event()
    first = Item(lore("first", "same"), {"text": EAST})
    base.upsert("lore", [first])

    def read() -> None:
        other = EmbeddedBase(base.folder)
        while not over.is_set():
            found = other.search("lore", SAME)
            wrong.extend(() if found.scores["text"].get("first") == 1 else [found])
            (kept,) = other.items("lore", ["first"])
            wrong.extend(() if (kept.vectors["text"] == EAST).all() else [kept])
        other.close()

    def write() -> None:
        other = EmbeddedBase(base.folder)
        for number in itertools.takewhile(lambda _: not over.is_set(), itertools.count()):
            other.upsert("lore", [Item(lore(str(number % 7), "same"), {"text": towards(1, number, 0, 0)})])
        other.close()

    threads = [threading.Thread(target=act) for act in (read, read, write)]
    for thread in threads:
        thread.start()
    for _ in range(6):
        base.upsert("lore", [Item(lore("mine", "same"), {"text": EAST})])
        base.compact("lore")
    over.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert base.check("lore") == ()


def test_a_reader_from_before_a_compaction_finds_what_came_after(base: EmbeddedBase) -> None:
    other = EmbeddedBase(base.folder)
    base.upsert("lore", [Item(lore(one, "same"), {"text": EAST}) for one in "abc"])
    assert set(ids(other.search("lore", SAME))) == {"a", "b", "c"}
    base.delete("lore", ["a"])
    base.compact("lore")
    base.upsert("lore", [Item(lore("d", "same"), {"text": EAST})])
    assert set(other.search("lore", SAME).scores["text"]) == {"b", "c", "d"}
    other.close()


def test_a_read_that_loses_its_file_to_a_compaction_is_done_again(base: EmbeddedBase) -> None:
    base.upsert("lore", [Item(lore(one, "same"), {"text": EAST}) for one in "abc"])
    base.delete("lore", ["a"])
    moments = list[int]()

    def read(rows: CollectionRows) -> list[float]:
        moments.append(rows.vectors.kept()["text"].generation)
        if len(moments) == 1:
            other = EmbeddedBase(base.folder)
            other.compact("lore")
            other.close()
        return [vectors["text"][0] for vectors in rows.vectors.of([2, 3]).values()]

    assert base._named("lore").read(read) == [1, 1]
    assert moments == [0, 1]


def test_a_file_that_a_killed_compaction_left_is_swept_away(base: EmbeddedBase) -> None:
    base.upsert("lore", [Item(lore("one", "same"), {"text": EAST})])
    for stray in ("vectors-1-1.f32", "vectors-9-0.f32"):
        (base.folder / "lore" / stray).write_bytes(b"half a file")
    base.ensure("lore", SPACES)
    assert [path.name for path in (base.folder / "lore").glob("*.f32")] == ["vectors-1-0.f32"]
    assert ids(base.search("lore", SAME)) == ["one"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill -9")
@pytest.mark.parametrize("scene", ["upsert", "compaction", "alias"])
def test_writers_that_are_killed_lose_nothing_acknowledged(tmp_path: Path, scene: str) -> None:
    assert failures(scene, 10, tmp_path / "base", seed=1) == []
