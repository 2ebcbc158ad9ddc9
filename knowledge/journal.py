"""What was asked for and what became of it: jobs and their events in one SQLite file, which outlives every process."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from knowledge.problems import GiveUp, TryAgain
from knowledge.sqlite_store import connect, patiently, transaction

State = Literal["queued", "running", "done", "failed", "cancelled"]
OPEN = ("queued", "running")
VERSION = 1
SCHEMA = (
    """CREATE TABLE job(
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL, body TEXT NOT NULL, caller TEXT NOT NULL, conversation TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'queued', attempts INTEGER NOT NULL DEFAULT 0,
        begun INTEGER NOT NULL DEFAULT 0, result TEXT NOT NULL DEFAULT '{}',
        asked REAL NOT NULL, key TEXT, stopping INTEGER NOT NULL DEFAULT 0,
        worker TEXT NOT NULL DEFAULT '', until REAL NOT NULL DEFAULT 0, UNIQUE(caller, key))""",
    "CREATE INDEX job_by_state ON job(state, number)",
    "CREATE INDEX job_by_conversation ON job(conversation, state, number)",
    """CREATE TABLE event(
        job INTEGER NOT NULL, number INTEGER NOT NULL, passing INTEGER NOT NULL, event TEXT NOT NULL,
        PRIMARY KEY(job, number)) WITHOUT ROWID""",
    f"PRAGMA user_version={VERSION}",
)
COLUMNS = "id, kind, body, caller, conversation, state, attempts, begun, result, asked"
PUT = f"""INSERT INTO job(id, kind, body, caller, conversation, asked, key)
          VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING {COLUMNS}"""
TOLD = """SELECT event.number, event FROM event JOIN job ON job.number = event.job
          WHERE job.id = ? AND event.number > ? ORDER BY event.number"""
# A lease that was held shows when it was worked on.
LONG_OVER = f"SELECT number FROM job WHERE state NOT IN {OPEN} AND MAX(asked, until) < :before"
FORGET = (
    f"DELETE FROM event WHERE job IN ({LONG_OVER})",
    f"DELETE FROM job WHERE conversation = '' AND number IN ({LONG_OVER})",
)
LONGEST_NAME = 200


class Full(TryAgain):
    """Too many jobs wait; `retry_after` so many seconds it may be better."""

    def __init__(self, waiting: int, retry_after: int) -> None:
        super().__init__(f"{waiting} jobs are waiting already: try again in {retry_after} seconds.")
        self.retry_after = retry_after


@dataclass(frozen=True)
class Job:
    """
    `asked` is in seconds since 1970. `begun` counts how often a worker took it up, `attempts` leaves out those times
    when it was put back in good order.

    The `result` of one that failed is `{"problem": a sentence, "code": "try_again" | "give_up" | "internal"}`.
    """

    id: str
    kind: str
    body: dict[str, Any]
    caller: str
    conversation: str
    state: State
    attempts: int
    begun: int
    result: dict[str, Any]
    asked: float

    @property
    def ended(self) -> bool:
        return self.state not in OPEN


@dataclass(frozen=True)
class Told:
    """An event of a job, as JSON; later ones have higher numbers, with gaps where some were of passing use."""

    number: int
    event: dict[str, Any]


@dataclass(frozen=True)
class Journal:
    """
    Safe for several processes and threads. What was asked for is on the disk when `ask` returns.

    Every method raises `GiveUp` where the file cannot be used. `most_waiting` jobs may wait at once.
    """

    path: Path
    most_waiting: int = 256
    _turn: threading.RLock = field(default_factory=threading.RLock, init=False, repr=False, compare=False)

    def ask(
        self, kind: str, body: Mapping[str, Any], *, caller: str = "", conversation: str = "", key: str = ""
    ) -> Job:
        """A caller who names the same `key` again gets the job that is there. Raises `Full` where too many wait."""
        for name in (caller, conversation, key):
            if len(name) > LONGEST_NAME or not name.isprintable():
                raise TryAgain(f"{name[:LONGEST_NAME]!r} is no name: use at most {LONGEST_NAME} printable characters.")
        row = (secrets.token_hex(8), kind, json.dumps(body), caller, conversation, time.time(), key or None)
        with self.writing() as db:
            known = db.execute(f"SELECT {COLUMNS} FROM job WHERE caller = ? AND key = ?", (caller, key)).fetchone()
            if known:
                return read(known)
            (waiting,) = db.execute("SELECT COUNT(*) FROM job WHERE state = 'queued'").fetchone()
            if waiting >= self.most_waiting:
                raise Full(waiting, retry_after=5)
            return read(db.execute(PUT, row).fetchone())

    def job(self, id: str) -> Job:
        with self.reading() as db:
            found = db.execute(f"SELECT {COLUMNS} FROM job WHERE id = ?", (_known(id),)).fetchone()
        if found is None:
            raise _unknown(id)
        return read(found)

    def told(self, id: str, after: int = 0) -> list[Told]:
        """The events with a higher number, oldest first."""
        with self.reading() as db:
            return [Told(number, json.loads(event)) for number, event in db.execute(TOLD, (_known(id), after))]

    def jobs(
        self,
        *,
        caller: str | None = None,
        conversation: str | None = None,
        state: State | None = None,
        limit: int = 100,
    ) -> list[Job]:
        """The newest first."""
        wanted = {"caller": caller, "conversation": conversation, "state": state}
        asked = {name: value for name, value in wanted.items() if value is not None}
        where = " AND ".join(("1", *(f"{name} = :{name}" for name in asked)))
        query = f"SELECT {COLUMNS} FROM job WHERE {where} ORDER BY number DESC LIMIT :limit"
        with self.reading() as db:
            return [read(row) for row in db.execute(query, {**asked, "limit": limit})]

    def cancel(self, id: str) -> Job:
        """One that waits is cancelled at once; one that runs, as soon as its worker sees it."""
        with self.writing() as db:
            db.execute("UPDATE job SET state = 'cancelled' WHERE id = ? AND state = 'queued'", (_known(id),))
            db.execute("UPDATE job SET stopping = 1 WHERE id = ? AND state = 'running'", (id,))
            return self.job(id)

    def forget(self, days: float) -> None:
        """
        The events of jobs that ended so many days ago, and those jobs that belong to no conversation.

        What was said in a conversation, and what came of it, stays to be read.
        """
        with self.writing() as db:
            for statement in FORGET:
                db.execute(statement, {"before": time.time() - days * 24 * 60 * 60})

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        with self._turn, _in_words():
            yield self._db

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        with self.reading() as db, transaction(db):
            yield db

    def close(self) -> None:
        with self._turn:
            if db := self.__dict__.pop("_db", None):
                db.close()

    @cached_property
    def _db(self) -> sqlite3.Connection:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite gives the files beside it the same rights
        self.path.touch(mode=0o600)
        db = connect(self.path)
        patiently(db, "PRAGMA journal_mode=WAL")
        with transaction(db):
            if db.execute("PRAGMA user_version").fetchone() != (VERSION,):
                for statement in SCHEMA:
                    db.execute(statement)
        return db


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise GiveUp(
            f"The journal cannot be used ({why}): free some space, or check the folder ATELIER_DATA."
        ) from error


def read(row: tuple[Any, ...]) -> Job:
    id, kind, body, caller, conversation, state, attempts, begun, result, asked = row
    return Job(id, kind, json.loads(body), caller, conversation, state, attempts, begun, json.loads(result), asked)


def _known(id: str) -> str:
    if not id.isascii():
        raise _unknown(id)
    return id


def _unknown(id: str) -> TryAgain:
    return TryAgain(f"There is no job {id[:80]!r}: use an id that was given before.")
