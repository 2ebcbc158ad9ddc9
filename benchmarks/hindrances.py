"""A disk that is full and a file that was torn: what is wrong with an embedded base that met them; ideally nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from knowledge.base import Item, Query, Space
from knowledge.embedded import EmbeddedBase
from knowledge.problems import GiveUp
from knowledge.records import Lore

SPACES = (Space("text", "encoder", 256),)
ROOM = 600_000
"""Bytes a file may have while the disk is full."""


def batch(number: int) -> list[Item]:
    vectors = np.random.default_rng(number).normal(size=(20, 256)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    names = [f"{number:03}-{part}" for part in range(20)]
    return [Item(Lore(id=one, title=one, body="x" * 400), {"text": v}) for one, v in zip(names, vectors, strict=True)]


@contextmanager
def files_at_most(size: int) -> Iterator[None]:
    """No file may grow beyond, as if the disk were full; nothing else of the process is changed."""
    import resource  # not there on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def full_disk(folder: Path) -> list[str]:
    """Batches until one is refused, then again with room: each is there whole or not at all."""
    base = EmbeddedBase(folder / "full")
    base.ensure("lore", SPACES)
    stored, refused = [], ""
    with files_at_most(ROOM):
        for number in range(200):
            try:
                base.upsert("lore", batch(number))
            except GiveUp as problem:
                refused = str(problem)
                break
            stored.append(number)
    wrong = [] if stored and "disk has room" in refused else [f"after {len(stored)} batches it said {refused!r}"]
    wrong += faults(base, stored)
    base.upsert("lore", batch(999))
    wrong += faults(base, [*stored, 999])
    base.close()
    return wrong


def torn_tail(folder: Path) -> list[str]:
    """What a write that never committed left at the end of a vector file is not read, and is written over."""
    base = EmbeddedBase(folder / "torn")
    base.ensure("lore", SPACES)
    base.upsert("lore", batch(0))
    with next(base.folder.glob("lore/*.f32")).open("ab") as file:
        file.write(np.full(3 * 256 + 17, np.nan, np.float32).tobytes() + b"torn")
    wrong = faults(base, [0])
    base.upsert("lore", batch(1))
    wrong += faults(base, [0, 1])
    base.close()
    return wrong


def faults(base: EmbeddedBase, stored: list[int]) -> list[str]:
    """How what is there differs from those batches."""
    expected = {item.record.id: item for number in stored for item in batch(number)}
    found = {item.record.id: item for item in base.items("lore", base.ids("lore", limit=100_000))}
    wrong = [*base.check("lore"), *(f"{one} is lost or too much" for one in expected.keys() ^ found.keys())]
    wrong += [
        f"{one} has another vector"
        for one in expected.keys() & found.keys()
        if not np.allclose(found[one].vectors["text"], expected[one].vectors["text"], atol=1e-6)
    ]
    last = batch(stored[-1])[0]
    hits = base.search("lore", Query(vectors=last.vectors, limit=1)).scores["text"]
    return wrong + ([] if max(hits, key=lambda one: hits[one]) == last.record.id else ["a search finds another record"])
