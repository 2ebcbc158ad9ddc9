"""Whether everything a collection keeps fits together, read from end to end."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import numpy as np
from pydantic import ValidationError

from knowledge.collection_rows import CollectionRows
from knowledge.records import RECORD
from knowledge.vector_file import FileShort
from knowledge.vector_index import Rows

BLOCK = 8192


def troubles(rows: CollectionRows) -> Iterator[str]:
    """Each thing that is wrong, in words; within a write transaction, so that nobody changes anything meanwhile."""
    (said,) = rows.db.execute("PRAGMA quick_check(1)").fetchone()
    if said != "ok":
        yield f"the database is damaged: {said}"
    try:
        rows.db.execute("INSERT INTO words(words) VALUES ('integrity-check')")
    except sqlite3.DatabaseError as error:
        yield f"the full text is damaged: {error}"
    yield from _foreign_records(rows)
    yield from _loose_ends(rows.db)
    for kept in rows.vectors.kept().values():
        yield from _bad_vectors(rows, kept)


def _foreign_records(rows: CollectionRows) -> Iterator[str]:
    for record_id, body in rows.db.execute("SELECT id, body FROM record"):
        try:
            kept = RECORD.validate_json(body).id
        except ValidationError as error:
            yield f"{record_id!r} is no record: {error.errors()[0]['msg']}"
        else:
            if kept != record_id:
                yield f"{record_id!r} says of itself that it is {kept!r}"


def _loose_ends(db: sqlite3.Connection) -> Iterator[str]:
    for what, table, column in (
        ("vectors", "vector", "number"),
        ("fields", "field", "number"),
        ("words", "words", "rowid"),
    ):
        sql = f"SELECT count(*) FROM {table} WHERE {column} NOT IN (SELECT number FROM record)"
        if count := db.execute(sql).fetchone()[0]:
            yield f"{count} {what} belong to no record"
    (count,) = db.execute("SELECT count(*) FROM record WHERE number NOT IN (SELECT id FROM words_docsize)").fetchone()
    if count:
        yield f"{count} records cannot be found by their words"


def _bad_vectors(rows: CollectionRows, kept: Rows) -> Iterator[str]:
    """A row that is counted is one record's unit vector, or it is buried."""
    name = kept.space.name
    slots, _ = rows.vectors.owners(kept)
    if len(slots) != kept.live:
        yield f"the space {name!r} counts {kept.live} vectors and has {len(slots)}"
    try:
        vectors = kept.file(rows.folder).rows(kept.written)
    except FileShort as problem:
        yield str(problem)
        return
    lengths = [np.linalg.norm(vectors[slots[start : start + BLOCK]], axis=1) for start in range(0, len(slots), BLOCK)]
    bad = sum(int(np.count_nonzero(~(np.abs(some - 1) < 1e-3))) for some in lengths)
    if bad:
        yield f"{bad} vectors of the space {name!r} are not unit vectors"
