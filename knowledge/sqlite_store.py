"""SQLite as the embedded base uses it: connections, transactions, failures in words, any number of values."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from knowledge.problems import GiveUp

LONGEST_WAIT = 30
"""Seconds that a write waits for others."""
AT_ONCE = 500
"""Values bound to one statement; far below any build's limit."""


@contextmanager
def told(collection: str) -> Iterator[None]:
    """A failing disk or database, said in one sentence and without the path."""
    advice = "check that its folder can be read and written, and that the disk has room"
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise GiveUp(f"The collection {collection!r} cannot be used ({error}): {advice}.") from error
    except OSError as error:
        raise GiveUp(f"The collection {collection!r} cannot be used ({error.strerror or error}): {advice}.") from error
    except ValidationError as error:
        why = error.errors()[0]["msg"]
        raise GiveUp(f"The collection {collection!r} holds what is no record ({why}): take its folder away.") from error


def connect(path: Path) -> sqlite3.Connection:
    """A connection for any thread, one at a time; a file from elsewhere may not run functions of its own."""
    db = sqlite3.connect(path, timeout=LONGEST_WAIT, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA synchronous=FULL")
    db.execute("PRAGMA cache_size=-16000")
    db.execute("PRAGMA journal_size_limit=16000000")
    db.execute("PRAGMA trusted_schema=OFF")
    return db


@contextmanager
def transaction(db: sqlite3.Connection, mode: Literal["DEFERRED", "IMMEDIATE"] = "IMMEDIATE") -> Iterator[None]:
    """All or nothing: IMMEDIATE makes this the only writer, DEFERRED reads one moment of the database."""
    patiently(db, f"BEGIN {mode}")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise


def patiently(db: sqlite3.Connection, statement: str) -> None:
    """
    Run a statement that must be alone, when others let it.

    SQLite itself asks ten times a second at last, and hardly ever meets the moment between two writes of a busy writer.
    """
    until = monotonic() + LONGEST_WAIT
    with waiting(db, 0.005):
        while True:
            try:
                db.execute(statement)
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > until:
                    raise


@contextmanager
def waiting(db: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Meanwhile, SQLite waits so long for others and no longer."""
    db.execute(f"PRAGMA busy_timeout={int(1000 * seconds)}")
    try:
        yield
    finally:
        db.execute(f"PRAGMA busy_timeout={1000 * LONGEST_WAIT}")


def vacuum(db: sqlite3.Connection) -> None:
    """Give the room of what was removed back to the disk; that of the log later, if somebody reads an older moment."""
    patiently(db, "VACUUM")
    with waiting(db, 0.1):
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def among(db: sqlite3.Connection, sql: str, values: Iterable[str | float], *first: Any) -> Iterator[tuple[Any, ...]]:
    """
    The rows of a statement whose `{}` stands for the values, however many; parameters before it come `first`.

    Values are bound one by one: in one JSON list, SQLite would cut a text at a NUL and find what was not asked for.
    """
    left = (value for value in values if storable(value))
    while some := list(islice(left, AT_ONCE)):
        yield from db.execute(sql.format(",".join("?" * len(some))), (*first, *some))


def storable(value: str | float) -> bool:
    """Whether SQLite can hold it: text must be Unicode, without lone surrogates."""
    try:
        str(value).encode()
    except UnicodeEncodeError:
        return False
    return True


def listed(text: str | None) -> NDArray[np.int64]:
    """Integers as `group_concat` writes them: a text of many is read much faster than a row of each."""
    return np.fromstring(text or "", np.int64, sep=",")
