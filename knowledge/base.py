"""The contract every knowledge base keeps, and the values that cross it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge.picture import Citation
from knowledge.records import LoraCard, Lore, Reference

Use = Literal["words", "lora", "ip-adapter", "control", "init image"]
USES: Mapping[str, tuple[Use, ...]] = {
    "lore": ("words",),
    "reference": ("words", "ip-adapter", "control", "init image"),
    "lora": ("lora",),
}
"""What a record of each kind can do for a picture."""
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
    """The record's field has one of these values; for a tuple field, contains one of them."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Least:
    """The record's field is a number of at least this."""

    field: str
    value: float


@dataclass(frozen=True)
class Most:
    """The record's field is a number of at most this."""

    field: str
    value: float


@dataclass(frozen=True)
class And:
    """All of them; of none, everything."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class Or:
    """Any of them; of none, nothing."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class Not:
    part: Filter


Filter = Eq | In | Least | Most | And | Or | Not


@dataclass(frozen=True)
class Query:
    """
    What is looked for: words for full text, vectors by space name, or both; of neither, whatever passes `where`.

    `encoders` are the fingerprints of what made the vectors, by space name; a collection that others filled is asked
    without them.
    """

    text: str = ""
    vectors: Mapping[str, Vector] = field(default_factory=dict)
    where: Filter | None = None
    limit: int = 8
    encoders: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """
    What one collection answers: records by id, and by source (`bm25`, or a space) raw scores by id, higher is better.

    A store ranks each source on its own, some times `Query.limit` deep; mixing them is `knowledge.fusion`'s. A query
    of neither words nor vectors has no scores, and at most `limit` records by id. `missing` says what could not be
    asked in time and why, and is empty when all was.
    """

    records: Mapping[str, Lore | Reference | LoraCard] = field(default_factory=dict)
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    missing: str = ""


@dataclass(frozen=True)
class Hit:
    """
    One record found. `score` is 0..1 after fusion; `found_by` the raw score of each source (bm25, space name); `why`
    says for which part of the wish it was chosen.
    """

    collection: str
    record: Lore | Reference | LoraCard
    score: float
    found_by: Mapping[str, float] = field(default_factory=dict)
    why: str = ""

    @property
    def good_for(self) -> tuple[Use, ...]:
        return USES[self.record.kind]

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
class About:
    """One collection: its own name (not an alias), how many records it holds, and the spaces of their vectors."""

    name: str
    records: int
    spaces: tuple[Space, ...]


@dataclass(frozen=True)
class Health:
    ok: bool
    said: str


class KnowledgeBase(Protocol):
    """
    Named collections of records, searched by words and by vectors.

    An unknown collection raises `TryAgain` naming those there are; a store that cannot be used, `GiveUp`. Wherever a
    collection is named, an alias will do.
    """

    def ensure(self, collection: str, spaces: Sequence[Space]) -> None:
        """Create the collection if it is not there; raise `GiveUp` if it was made with another encoder."""
        ...

    def about(self, collection: str) -> About: ...

    def spaces(self, collection: str) -> tuple[Space, ...]:
        """What `about` says of them, at no cost of counting."""
        ...

    def upsert(self, collection: str, items: Sequence[Item]) -> Report:
        """Store all that can be (of two items with one id, the last), and say of the others why not."""
        ...

    def search(self, collection: str, query: Query) -> Found: ...

    def get(self, collection: str, ids: Sequence[str]) -> list[Lore | Reference | LoraCard]:
        """The records there are, in the order asked for."""
        ...

    def items(self, collection: str, ids: Sequence[str]) -> list[Item]:
        """The same with their vectors."""
        ...

    def ids(self, collection: str, after: str = "", limit: int = 1000) -> list[str]:
        """A page of the ids, in their order as text, of those that come after `after`."""
        ...

    def delete(self, collection: str, ids: Sequence[str]) -> int:
        """How many of them were there."""
        ...

    def drop(self, collection: str) -> None:
        """Remove the whole collection, and every alias of it."""
        ...

    def point(self, alias: str, collection: str) -> None:
        """Make `alias` another name of `collection`, at once for every reader."""
        ...

    def aliases(self) -> Mapping[str, str]: ...

    def collections(self) -> tuple[str, ...]: ...

    def health(self) -> Health: ...

    def close(self) -> None: ...
