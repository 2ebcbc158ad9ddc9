"""Answers a query from one collection: by words, by vectors, or by listing what a filter lets through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from knowledge.base import Found, Query
from knowledge.collection_rows import CollectionRows, Record
from knowledge.field_index import Selection
from knowledge.fusion import WORDS
from knowledge.records import RECORD
from knowledge.vector_search import VectorSearch

DEEPER, LEAST_DEPTH = 4, 32
"""Each source is ranked this many times deeper than the limit, and at least so deep: what is second in both may win."""
MOST = 1_000_000


@dataclass(frozen=True)
class CollectionSearch:
    """Works inside read transactions of one collection, and keeps between them what it read of the vectors."""

    vectors: VectorSearch = field(default_factory=VectorSearch)

    def answer(self, rows: CollectionRows, query: Query) -> Found:
        limit = min(query.limit, MOST)
        allowed = rows.fields.select(query.where) if query.where is not None else None
        if limit < 1:
            return Found()
        if not query.text and not query.vectors:
            return Found({record.id: record for record in self._listed(rows, allowed, limit)})
        depth = max(DEEPER * limit, LEAST_DEPTH)
        words = rows.words.best(query.text, allowed, depth)
        return by_id(rows, {WORDS: words, **self.vectors.near(rows.vectors, query.vectors, allowed, depth)})

    def _listed(self, rows: CollectionRows, allowed: Selection | None, limit: int) -> Iterator[Record]:
        if allowed is not None:
            allowed.let_pass(rows.db)
        passing = "" if allowed is None else "WHERE passes(number) "
        found = rows.db.execute(f"SELECT body FROM record {passing}ORDER BY id LIMIT ?", (limit,))
        return (RECORD.validate_json(body) for (body,) in found)


def by_id(rows: CollectionRows, scores: Mapping[str, Mapping[int, float]]) -> Found:
    """What was found by number, with its records and by their ids."""
    records = rows.at(list(dict.fromkeys(number for some in scores.values() for number in some)))
    return Found(
        {record.id: record for record in records.values()},
        {source: {records[number].id: score for number, score in some.items()} for source, some in scores.items()},
    )
