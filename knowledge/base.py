"""The contract every knowledge base keeps, and the values that cross it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge.picture import Citation
from knowledge.records import LoraCard, Lore, Reference

Vector = NDArray[np.float32]
"""Shape (dim,), unit length."""


@dataclass(frozen=True)
class Space:
    """One embedding space: vectors of different encoders are never compared. `encoder` is a fingerprint."""

    name: str
    encoder: str
    dim: int


@dataclass(frozen=True)
class Item:
    """A record with its vectors by space name; a record without a picture has no image vector."""

    record: Lore | Reference | LoraCard
    vectors: Mapping[str, Vector] = field(default_factory=dict)


@dataclass(frozen=True)
class Eq:
    """The record's field has this value; for a tuple field, contains it."""

    field: str
    value: str


@dataclass(frozen=True)
class In:
    field: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class All:
    parts: tuple[Filter, ...]


Filter = Eq | In | All


@dataclass(frozen=True)
class Query:
    """What is looked for: words for full text, vectors by space name, or both."""

    text: str = ""
    vectors: Mapping[str, Vector] = field(default_factory=dict)
    where: Filter | None = None
    limit: int = 8


@dataclass(frozen=True)
class Hit:
    """One record found. `score` is 0..1 after fusion; `found_by` the raw score of each source (bm25, space name)."""

    collection: str
    record: Lore | Reference | LoraCard
    score: float
    found_by: Mapping[str, float] = field(default_factory=dict)

    def cited(self, gave: str = "") -> Citation:
        """That this record shaped a picture, and what it gave."""
        record = self.record
        return Citation(
            record_id=record.id,
            collection=self.collection,
            kind=record.kind,
            title=record.title,
            score=self.score,
            gave=gave,
            licence=record.licence,
            source=record.source,
        )


@dataclass(frozen=True)
class Report:
    """What an upsert did, item by item: nothing fails silently."""

    stored: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Health:
    ok: bool
    said: str


class KnowledgeBase(Protocol):
    """Named collections of records, searched by words and by vectors."""

    def ensure(self, collection: str, spaces: Sequence[Space]) -> None:
        """Create the collection if it is not there; raise `GiveUp` if it was made with another encoder."""
        ...

    def upsert(self, collection: str, items: Sequence[Item]) -> Report: ...

    def search(self, collection: str, query: Query) -> list[Hit]:
        """Best first. An unknown collection raises `TryAgain` naming those there are."""
        ...

    def get(self, collection: str, ids: Sequence[str]) -> list[Lore | Reference | LoraCard]: ...

    def delete(self, collection: str, ids: Sequence[str]) -> int: ...

    def point(self, alias: str, collection: str) -> None:
        """Make `alias` another name of `collection`, at once for every reader."""
        ...

    def collections(self) -> tuple[str, ...]: ...

    def health(self) -> Health: ...

    def close(self) -> None: ...
