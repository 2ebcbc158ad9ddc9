"""Which conversation a history belongs to, for clients that send all that was said each time."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS histories (
    number INTEGER PRIMARY KEY AUTOINCREMENT, digest TEXT NOT NULL UNIQUE, conversation TEXT NOT NULL, picture INTEGER
);
CREATE INDEX IF NOT EXISTS histories_of ON histories (conversation, number);
"""
FOUND = """
SELECT conversation, picture, number = (SELECT MAX(number) FROM histories WHERE conversation = found.conversation)
FROM histories AS found WHERE digest = ?
"""

Exchange = tuple[str, str]
"""Who said something, and what."""


@dataclass(frozen=True)
class Place:
    """Where in a conversation a history ends: its last picture's number, and whether nothing was said since."""

    conversation: str
    picture: int | None
    newest: bool


@dataclass(frozen=True)
class Histories:
    """Only digests are kept. Safe for several processes."""

    folder: Path

    def place(self, said: Sequence[Exchange]) -> Place | None:
        with self._index() as index:
            found = index.execute(FOUND, (digest(said),)).fetchone()
        return Place(found[0], found[1], bool(found[2])) if found else None

    def remember(self, said: Sequence[Exchange], conversation: str, picture: int | None) -> None:
        """Two conversations whose histories are equal to the letter are the last one from then on."""
        with self._index() as index, index:
            index.execute(
                "INSERT OR REPLACE INTO histories (digest, conversation, picture) VALUES (?, ?, ?)",
                (digest(said), conversation, picture),
            )

    @contextmanager
    def _index(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.folder / "histories.sqlite", timeout=30)) as index:
            index.executescript(SCHEMA)
            yield index


def digest(said: Sequence[Exchange]) -> str:
    """Whatever clients do to white space makes no difference."""
    plain = [[who, " ".join(what.split())] for who, what in said]
    return hashlib.sha256(json.dumps(plain).encode()).hexdigest()
