"""Other names of collections, in a small database beside their folders."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from knowledge.sqlite_store import connect, told, transaction

FILE = "aliases.sqlite"


@dataclass(frozen=True)
class Aliases:
    """Every reader, in whatever process, sees a move at once."""

    folder: Path

    def all(self) -> dict[str, str]:
        """Collections by alias."""
        if not (self.folder / FILE).is_file():
            return {}
        with told("aliases"), closing(connect(self.folder / FILE)) as db:
            # Another process may have made the file and not yet the table.
            made = db.execute("SELECT 1 FROM sqlite_master WHERE name='alias'").fetchone()
            return dict(db.execute("SELECT name, collection FROM alias ORDER BY name")) if made else {}

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """Nobody else moves an alias meanwhile."""
        with told("aliases"):
            self.folder.mkdir(parents=True, exist_ok=True)
            with closing(connect(self.folder / FILE)) as db, transaction(db):
                db.execute("CREATE TABLE IF NOT EXISTS alias(name TEXT PRIMARY KEY, collection TEXT NOT NULL)")
                yield db
