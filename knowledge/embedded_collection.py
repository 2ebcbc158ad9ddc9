"""One collection of the embedded base: SQLite rows and full text, and a vector file for each space."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.base import Hit, Item, Query, Report, Space
from knowledge.fusion import WORDS, blend
from knowledge.problems import GiveUp
from knowledge.records import RECORD, LoraCard, Lore, Reference
from knowledge.sqlite_store import LISTED, condition, connect, expression, told, transaction
from knowledge.vector_index import VectorIndex, unfit

FILE = "records.sqlite"
SCHEMA_VERSION = 1
SCHEMA = (
    "CREATE TABLE about(name TEXT NOT NULL)",
    "CREATE TABLE space(place INTEGER PRIMARY KEY, name TEXT UNIQUE, encoder TEXT, dim INTEGER, written INTEGER)",
    "CREATE TABLE record(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL)",
    "CREATE TABLE vector(space TEXT, slot INTEGER, number INTEGER, PRIMARY KEY(space, slot)) WITHOUT ROWID",
    "CREATE INDEX vector_of_record ON vector(number)",
    "CREATE VIRTUAL TABLE words USING fts5(text, tokenize='porter unicode61')",
    f"PRAGMA user_version={SCHEMA_VERSION}",
)


@dataclass
class Collection:
    """Safe for threads and processes. The row is the commit point: vectors without a committed row do not exist."""

    name: str
    db: sqlite3.Connection
    vectors: VectorIndex
    lock: threading.RLock = field(default_factory=threading.RLock)

    @classmethod
    def at(cls, folder: Path) -> Collection | None:
        """The collection kept in this folder, or None if none was ever committed there."""
        if not (folder / FILE).is_file():
            return None
        with told(folder.name):
            db = connect(folder / FILE)
            if db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION:
                (name,) = db.execute("SELECT name FROM about").fetchone()
                return cls(name, db, VectorIndex(folder, db))
            db.close()
        return None

    @classmethod
    def made(cls, folder: Path, name: str) -> Collection:
        """The collection in this folder, created if it is not there; safe when several processes try at once."""
        with told(name):
            folder.mkdir(parents=True, exist_ok=True)
            db = connect(folder / FILE)
            db.execute("PRAGMA journal_mode=WAL")
            with transaction(db):
                if db.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
                    for statement in SCHEMA:
                        db.execute(statement)
                    db.execute("INSERT INTO about VALUES (?)", (name,))
            return cls(name, db, VectorIndex(folder, db))

    @contextmanager
    def reading(self) -> Iterator[None]:
        with self.lock, told(self.name), transaction(self.db, "DEFERRED"):
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        with self.lock, told(self.name), transaction(self.db):
            yield

    def ensure(self, spaces: Sequence[Space]) -> None:
        with self.writing():
            there = self.vectors.spaces()
            for space in spaces:
                old = there.get(space.name, space)
                if old != space:
                    raise GiveUp(
                        f"The collection {self.name!r} was made with another encoder ({old.encoder!r}, {old.dim} "
                        f"numbers) than {space.encoder!r} ({space.dim}): ingest it anew under another name."
                    )
                self.vectors.add(space)

    def upsert(self, items: Sequence[Item]) -> Report:
        """Everything that can be stored, in one step (of two items with one id, the last); the others with reasons."""
        with self.writing():
            spaces = self.vectors.spaces()
            reasons = [refusal(item, spaces) for item in items]
            accepted = (item for item, reason in zip(items, reasons, strict=True) if not reason)
            good = list({item.record.id: item for item in accepted}.values())
            numbers = [self._put_record(item) for item in good]
            for space in spaces.values():
                self.vectors.put(space, good, numbers)
        failed = tuple((item.record.id, why) for item, why in zip(items, reasons, strict=True) if why)
        return Report(tuple(item.record.id for item in good), failed)

    def _put_record(self, item: Item) -> int:
        put = "INSERT INTO record(id, body) VALUES (?, ?) ON CONFLICT(id) DO UPDATE SET body=excluded.body"
        body = item.record.model_dump_json()
        (number,) = self.db.execute(f"{put} RETURNING number", (item.record.id, body)).fetchall()[0]
        self.db.execute("DELETE FROM vector WHERE number=?", (number,))
        self.db.execute("DELETE FROM words WHERE rowid=?", (number,))
        self.db.execute("INSERT INTO words(rowid, text) VALUES (?, ?)", (number, item.record.text))
        return number

    def delete(self, ids: Sequence[str]) -> int:
        chosen = f"(SELECT number FROM record WHERE id IN ({LISTED}))"
        with self.writing():
            for table, column in (("vector", "number"), ("words", "rowid")):
                self.db.execute(f"DELETE FROM {table} WHERE {column} IN {chosen}", (json.dumps(ids),))
            return self.db.execute(f"DELETE FROM record WHERE id IN ({LISTED})", (json.dumps(ids),)).rowcount

    def get(self, ids: Sequence[str]) -> list[Lore | Reference | LoraCard]:
        """The records there are, in the order asked for."""
        with self.reading():
            rows = dict(self.db.execute(f"SELECT id, body FROM record WHERE id IN ({LISTED})", (json.dumps(ids),)))
        return [RECORD.validate_json(rows[record_id]) for record_id in ids if record_id in rows]

    def search(self, query: Query) -> list[Hit]:
        """Best first; a query of neither words nor vectors lists what its filter lets through, oldest first."""
        sql, bound = condition(query.where)
        depth = max(4 * query.limit, 32)
        with self.reading():
            if not query.text and not query.vectors:
                chosen = self.db.execute(f"SELECT number FROM record WHERE {sql} LIMIT ?", (*bound, query.limit))
                return self._hits({number: 0.0 for (number,) in chosen}, {})
            allowed = self._allowed(sql, bound) if query.where else None
            words = self._by_words(query.text, sql, bound, depth)
            found = {WORDS: words, **self.vectors.near(query.vectors, allowed, depth)}
            return self._hits(dict(list(blend(found).items())[: query.limit]), found)

    def _hits(self, ranked: Mapping[int, float], found: Mapping[str, Mapping[int, float]]) -> list[Hit]:
        chosen = json.dumps(list(ranked))
        rows = dict(self.db.execute(f"SELECT number, body FROM record WHERE number IN ({LISTED})", (chosen,)))
        return [
            Hit(
                self.name,
                RECORD.validate_json(rows[number]),
                score,
                {source: scores[number] for source, scores in found.items() if number in scores},
            )
            for number, score in ranked.items()
        ]

    def _allowed(self, sql: str, bound: Sequence[str]) -> NDArray[np.int64]:
        rows = self.db.execute(f"SELECT number FROM record WHERE {sql}", bound).fetchall()
        return np.array(rows, np.int64).reshape(-1)

    def _by_words(self, text: str, sql: str, bound: Sequence[str], depth: int) -> dict[int, float]:
        if not (words := expression(text)):
            return {}
        return dict(
            self.db.execute(
                "SELECT words.rowid, -bm25(words) FROM words JOIN record ON record.number = words.rowid "
                f"WHERE words MATCH ? AND {sql} ORDER BY bm25(words), words.rowid LIMIT ?",
                (words, *bound, depth),
            )
        )

    def trouble(self) -> str:
        """What is wrong with the files, or nothing."""
        with self.reading():
            (said,) = self.db.execute("PRAGMA quick_check(1)").fetchone()
            whole = self.vectors.whole()
        return "" if said == "ok" and whole else f"{self.name!r} is damaged"


def refusal(item: Item, spaces: Mapping[str, Space]) -> str:
    """Why this item cannot be stored, or nothing."""
    try:
        json.dumps(item.record.model_dump(), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "its text is not valid Unicode"
    for name, vector in item.vectors.items():
        if name not in spaces:
            return f"the collection has no space {name!r}"
        if why := unfit(vector, spaces[name]):
            return f"space {name!r}: {why}"
    return ""
