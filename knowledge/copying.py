"""Copies collections from one knowledge base to another; what is there already is not written again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from knowledge.base import Item, KnowledgeBase

PAGE = 200
"""Records read and written at once."""
TOLERANCE = 1e-6
"""How far a number of a unit vector may be off and still be the same."""

OnProgress = Callable[[str, int, int], None]
"""The collection, its records looked at, and how many there are."""


@dataclass(frozen=True)
class Copied:
    """Of a collection's `records`, how many were `written` now, and why which `failed`; `extra` only the target has."""

    records: int
    written: int
    failed: tuple[tuple[str, str], ...]
    extra: int


def copy(
    source: KnowledgeBase, target: KnowledgeBase, collections: Sequence[str], on_progress: OnProgress
) -> Mapping[str, Copied]:
    """
    By the collections' own names; their aliases move last, when all they point to is there.

    A copy that broke off is finished by copying again. Raises `GiveUp` if another encoder filled the target's.
    """
    names = list(dict.fromkeys(source.about(name).name for name in collections))
    done = {name: copied(source, target, name, on_progress) for name in names}
    for alias, name in source.aliases().items():
        if name in done and not done[name].failed:
            target.point(alias, name)
    return done


def copied(source: KnowledgeBase, target: KnowledgeBase, name: str, on_progress: OnProgress) -> Copied:
    about = source.about(name)
    target.ensure(name, about.spaces)
    seen, written, failed = 0, 0, dict[str, str]()
    for items in pages(source, name):
        lacking = differing(target, name, items)
        report = target.upsert(name, lacking)
        failed |= dict(report.failed)
        failed |= {item.record.id: "it reads back differently" for item in differing(target, name, lacking)} | failed
        seen, written = seen + len(items), written + len(lacking)
        on_progress(name, seen, about.records)
    extra = target.about(name).records - (seen - len(failed))
    return Copied(seen, written - len(failed), tuple(failed.items()), extra)


def pages(base: KnowledgeBase, name: str) -> Iterator[list[Item]]:
    after = ""
    while ids := base.ids(name, after, PAGE):
        yield base.items(name, ids)
        after = ids[-1]


def differing(base: KnowledgeBase, name: str, items: Sequence[Item]) -> list[Item]:
    """Those that are not there, or not so."""
    there = {item.record.id: item for item in base.items(name, [item.record.id for item in items])}
    return [item for item in items if not same(item, there.get(item.record.id))]


def same(one: Item, other: Item | None) -> bool:
    return (
        other is not None
        and one.record == other.record
        and one.vectors.keys() == other.vectors.keys()
        and all(np.allclose(one.vectors[space], other.vectors[space], 0, TOLERANCE) for space in one.vectors)
    )
