"""The database file of one collection: a connection that reads, one that writes, and whether it is still there."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from knowledge import collection_schema as schema
from knowledge.problems import GiveUp
from knowledge.sqlite_store import connect, patiently, transaction, vacuum

FILE = "records.sqlite"


class Gone(Exception):
    """The folder is not what was opened any more: the collection was dropped, or another one put in its place."""


@dataclass(frozen=True)
class CollectionDatabase:
    """Safe for threads: reading does not wait for writing, nor writing for reading."""

    path: Path
    opened: tuple[int, int]
    _reader: sqlite3.Connection
    _writer: sqlite3.Connection
    _reading: threading.RLock = field(default_factory=threading.RLock)
    _writing: threading.RLock = field(default_factory=threading.RLock)
    _over: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def at(cls, folder: Path) -> CollectionDatabase | None:
        """The one in this folder, or None if none was committed there. Raises `GiveUp` if it is none of ours."""
        path = folder / FILE
        opened = identity(path)
        if not opened:
            return None
        with ExitStack() as unless_ours:
            reader = unless_ours.enter_context(closing(connect(path)))
            if schema.version(reader) in (schema.FRESH, schema.DROPPED):
                return None
            if not schema.recognised(reader):
                raise GiveUp(
                    f"The folder {folder.name!r} was made by another version of Atelier, or by another program: take "
                    "it away, and ingest what it holds anew."
                )
            writer = connect(path)
            unless_ours.pop_all()
        return cls(path, opened, reader, writer)

    @classmethod
    def make(cls, folder: Path, name: str) -> None:
        """Safe when several processes try at once, and while one of them drops what was there."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / FILE
        path.touch()
        opened = identity(path)
        with closing(connect(path)) as db:
            patiently(db, "PRAGMA journal_mode=WAL")
            with transaction(db):
                if identity(path) == opened and schema.version(db) in (schema.FRESH, schema.DROPPED):
                    schema.create(db, name)

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """One moment of the collection. Raises `Gone`."""
        return self._within(self._reader, self._reading, "DEFERRED")

    def writing(self) -> AbstractContextManager[sqlite3.Connection]:
        """All or nothing, and nobody else writes meanwhile. Raises `Gone`."""
        return self._within(self._writer, self._writing, "IMMEDIATE")

    @contextmanager
    def _within(
        self, db: sqlite3.Connection, lock: threading.RLock, mode: Literal["DEFERRED", "IMMEDIATE"]
    ) -> Iterator[sqlite3.Connection]:
        with lock:
            if self._over.is_set():
                raise Gone
            with transaction(db, mode):
                if not self.there() or schema.version(db) != schema.VERSION:
                    self._over.set()
                    raise Gone
                yield db

    def vacuum(self) -> None:
        """Give the room of what was removed back to the disk."""
        with self._writing:
            vacuum(self._writer)

    def there(self) -> bool:
        """Whether it can still be asked; if not, open it anew."""
        return not self._over.is_set() and identity(self.path) == self.opened

    def close(self) -> None:
        with self._reading, self._writing:
            self._over.set()
            self._reader.close()
            self._writer.close()


def identity(path: Path) -> tuple[int, int] | None:
    """Tells a file from another that is put in its place."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
