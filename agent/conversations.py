"""Conversations by name: which pictures they have, where in them each was drawn, and whose turn it is."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from agent.events import Cost
from knowledge.problems import TryAgain

SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    name TEXT PRIMARY KEY, begun REAL NOT NULL, spoken REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pictures (
    conversation TEXT NOT NULL,
    number INTEGER NOT NULL,
    picture_id TEXT NOT NULL,
    parent INTEGER,
    checkpoint_id TEXT,
    PRIMARY KEY (conversation, number),
    UNIQUE (conversation, picture_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS costs (
    conversation TEXT NOT NULL, picture_id TEXT NOT NULL, ended REAL NOT NULL, cost TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS costs_of ON costs (conversation, picture_id);
"""
COST = "SELECT cost FROM costs WHERE conversation = ? AND picture_id = ? ORDER BY rowid LIMIT 1"
FIND = "SELECT number, picture_id, parent, checkpoint_id FROM pictures WHERE conversation = ?"
POINT = """
UPDATE pictures SET checkpoint_id = ? WHERE conversation = ? AND picture_id = ? AND checkpoint_id IS NULL
"""
LISTED = """
SELECT name, spoken, (SELECT COUNT(*) FROM pictures WHERE conversation = name) FROM conversations ORDER BY spoken DESC
"""
LONGEST = 100
LONGEST_SAID = 4000
"""Characters that are said at once."""
BUSY = "The conversation {!r} is in the middle of a turn: wait until it is done, or use another name."


class Occupied(TryAgain):
    """Another turn of the conversation goes on, perhaps in another process."""


@dataclass(frozen=True)
class Drawn:
    """A picture of a conversation: people call it by its number. `checkpoint_id` is where its turn ended."""

    number: int
    picture_id: str
    parent: int | None
    checkpoint_id: str | None


@dataclass(frozen=True)
class Listed:
    name: str
    spoken: float
    pictures: int


@dataclass(frozen=True)
class Conversations:
    """Kept in a folder that only its owner can read; safe for several processes."""

    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._index() as index:
            index.executescript(f"PRAGMA journal_mode = WAL; {SCHEMA}")

    @property
    def checkpoints(self) -> Path:
        """The file in which LangGraph keeps what was said."""
        return self.folder / "checkpoints.sqlite"

    def new_name(self) -> str:
        """Today's date, with a number where it is taken."""
        today, taken = time.strftime("%Y-%m-%d"), {listed.name for listed in self.listed()}
        numbered = (f"{today}-{number}" for number in range(2, len(taken) + 3))
        return next(name for name in (today, *numbered) if name not in taken)

    def listed(self) -> list[Listed]:
        """The last spoken first."""
        with self._index() as index:
            return [Listed(*row) for row in index.execute(LISTED)]

    def pictures(self, conversation: str) -> list[Drawn]:
        with self._index() as index:
            return [Drawn(*row) for row in index.execute(f"{FIND} ORDER BY number", (conversation,))]

    def picture(self, conversation: str, number: int) -> Drawn:
        found = [drawn for drawn in self.pictures(conversation) if drawn.number == number]
        if not found:
            raise TryAgain(f"The conversation {conversation!r} has no picture {number}.")
        return found[0]

    def add(self, conversation: str, picture_id: str, parent_id: str | None) -> Drawn:
        """A picture gets the next number, unless it has one already; its parent's is known if it was drawn here."""
        with self._index() as index:
            index.execute("BEGIN IMMEDIATE")
            known = {row[1]: Drawn(*row) for row in index.execute(FIND, (conversation,))}
            if picture_id not in known:
                parent = known[parent_id].number if parent_id in known else None
                known[picture_id] = Drawn(len(known) + 1, picture_id, parent, None)
                row = (conversation, len(known), picture_id, parent)
                index.execute("INSERT INTO pictures VALUES (?, ?, ?, ?, NULL)", row)
            index.execute("COMMIT")
        return known[picture_id]

    def point(self, conversation: str, picture_ids: Iterable[str], checkpoint_id: str) -> None:
        """Remember where the turn ended in which these were first drawn."""
        rows = [(checkpoint_id, conversation, picture_id) for picture_id in picture_ids]
        with self._index() as index:
            index.executemany(POINT, rows)

    def spent(self, conversation: str, picture_ids: Sequence[str], cost: Cost) -> None:
        """Remember what a turn took, under each picture it drew; under none where it drew none."""
        kept, now = cost.model_dump_json(), time.time()
        rows = [(conversation, picture_id, now, kept) for picture_id in picture_ids or ("",)]
        with self._index() as index:
            index.executemany("INSERT INTO costs VALUES (?, ?, ?, ?)", rows)

    def cost(self, conversation: str, picture_id: str) -> Cost | None:
        """Of the turn that first drew the picture here."""
        with self._index() as index:
            found = index.execute(COST, (conversation, picture_id)).fetchone()
        return Cost.model_validate_json(found[0]) if found else None

    @contextmanager
    def turn(self, conversation: str) -> Iterator[None]:
        """One at a time: raises `Occupied` while another, in whichever process, has not ended."""
        refuse_name(conversation)
        # The lock of a killed process is let go by the system.
        lock = FileLock(self._lock_file(conversation), thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise Occupied(BUSY.format(conversation)) from None
        try:
            self._spoken(conversation)
            yield
        finally:
            lock.release()

    def forget(self, conversation: str) -> None:
        """The pictures themselves stay in the gallery."""
        with self._index() as index:
            for table in ("pictures", "costs"):
                index.execute(f"DELETE FROM {table} WHERE conversation = ?", (conversation,))
            index.execute("DELETE FROM conversations WHERE name = ?", (conversation,))

    def _spoken(self, conversation: str) -> None:
        now = time.time()
        said = "INSERT INTO conversations VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET spoken = excluded.spoken"
        with self._index() as index:
            index.execute(said, (conversation, now, now))

    def _lock_file(self, conversation: str) -> Path:
        return self.folder / f"{hashlib.sha256(conversation.encode()).hexdigest()[:16]}.lock"

    @contextmanager
    def _index(self) -> Iterator[sqlite3.Connection]:
        path = self.folder / "conversations.sqlite"
        with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as index:
            yield index


def refuse_name(conversation: str) -> None:
    if not conversation.strip() or len(conversation) > LONGEST or not conversation.isprintable():
        raise TryAgain(f"The name {conversation[:LONGEST]!r} cannot be used: name it with 1 to {LONGEST} letters.")


def refuse_words(said: str) -> None:
    if not said.strip() or len(said) > LONGEST_SAID:
        raise TryAgain(f"Say something, in at most {LONGEST_SAID} characters.")
