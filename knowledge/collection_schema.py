"""The tables of an embedded collection: made once, and recognised when a folder is opened."""

from __future__ import annotations

import sqlite3

from knowledge import field_index, vector_index, word_index

VERSION = 2
FRESH, DROPPED = 0, -1
TABLES = (
    "CREATE TABLE about(name TEXT NOT NULL, fields TEXT NOT NULL) STRICT",
    "CREATE TABLE record(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL) STRICT",
    *field_index.TABLES,
    *vector_index.TABLES,
    word_index.TABLE,
)
SHADOWS = frozenset(f"words_{part}" for part in ("config", "content", "data", "docsize", "idx"))
"""Tables that full text keeps for itself."""


def version(db: sqlite3.Connection) -> int:
    """`VERSION`; `FRESH` of a file that was only just made, `DROPPED` of a collection that is being removed."""
    return db.execute("PRAGMA user_version").fetchone()[0]


def create(db: sqlite3.Connection, name: str) -> None:
    """Within a transaction, over whatever is left of a collection that was dropped."""
    for table in ("words", "about", "record", "field", "space", "vector", "grave"):
        db.execute(f"DROP TABLE IF EXISTS {table}")
    for statement in (*TABLES, word_index.GATHERED):
        db.execute(statement)
    db.execute("INSERT INTO about VALUES (?, ?)", (name, field_index.SIGNATURE))
    db.execute(f"PRAGMA user_version={VERSION}")


def recognised(db: sqlite3.Connection) -> bool:
    """Whether the tables are exactly those that `create` makes; a trigger or a view, say, is none of ours."""
    there = db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return version(db) == VERSION and {sql for name, sql in there if name not in SHADOWS} == set(TABLES)
