"""SQLite as the embedded base uses it: connections, transactions, failures in words, filters and words as SQL."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from knowledge.base import All, Eq, Filter, In
from knowledge.problems import GiveUp, TryAgain
from knowledge.records import LoraCard, Lore, Reference

FIELDS = frozenset(name for kind in (Lore, Reference, LoraCard) for name in kind.model_fields)
MOST_WORDS = 64
LISTED = "SELECT value FROM json_each(?)"
"""The values of one bound JSON list: any number of them is one parameter."""


@contextmanager
def told(collection: str) -> Iterator[None]:
    """A failing disk or database, said in one sentence and without the path."""
    advice = "check that its folder can be read and written, and that the disk has room"
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise GiveUp(f"The collection {collection!r} cannot be used ({error}): {advice}.") from error
    except OSError as error:
        raise GiveUp(f"The collection {collection!r} cannot be used ({error.strerror}): {advice}.") from error


def connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA synchronous=FULL")
    return db


@contextmanager
def transaction(db: sqlite3.Connection, mode: Literal["DEFERRED", "IMMEDIATE"] = "IMMEDIATE") -> Iterator[None]:
    """All or nothing: IMMEDIATE makes this the only writer, DEFERRED reads one moment of the database."""
    db.execute(f"BEGIN {mode}")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise


def condition(where: Filter | None) -> tuple[str, list[str]]:
    """The filter as SQL with bound parameters only; a field's values reach the database as one JSON list."""
    match where:
        case None | All(()):
            return "1", []
        case All(parts):
            each = [condition(part) for part in parts]
            return " AND ".join(sql for sql, _ in each), [bound for _, bounds in each for bound in bounds]
        case Eq(name, value):
            return condition(In(name, (value,)))
        case In(name, values):
            if name not in FIELDS:
                raise TryAgain(f"There is no field {name!r} to filter by: use one of {', '.join(sorted(FIELDS))}.")
            # json_each gives a tuple's members, and a plain value as itself: one test serves both.
            sql = f"EXISTS (SELECT 1 FROM json_each(record.body, ?) AS had WHERE CAST(had.value AS TEXT) IN ({LISTED}))"
            return sql, [f"$.{name}", json.dumps(values)]


def expression(text: str) -> str:
    """Any text as an FTS5 expression: its words, quoted, any of which may match; empty if there are none."""
    words = list(dict.fromkeys(re.findall(r"[^\W_]+", text.lower())))[:MOST_WORDS]
    return " OR ".join(f'"{word}"' for word in words)
