"""What became of every source that was to be ingested: pending, encoded, stored, or failed and why."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

from knowledge.problems import GiveUp
from knowledge.sqlite_store import connect, patiently, transaction

State = Literal["pending", "encoded", "stored", "failed"]
VERSION = 1
SCHEMA = (
    """CREATE TABLE source(
        collection TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, asked TEXT NOT NULL,
        hash TEXT NOT NULL DEFAULT '', state TEXT NOT NULL DEFAULT 'pending',
        reason TEXT NOT NULL DEFAULT '', attempts INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY(collection, key)) WITHOUT ROWID""",
    """CREATE TABLE claim(
        collection TEXT NOT NULL, record_id TEXT NOT NULL, key TEXT NOT NULL, part TEXT NOT NULL,
        PRIMARY KEY(collection, record_id, key)) WITHOUT ROWID""",
    "CREATE INDEX claim_of_source ON claim(collection, key)",
    f"PRAGMA user_version={VERSION}",
)
LISTED = "SELECT value FROM json_each(?)"
RENAMED = "UPDATE SET name=excluded.name, asked=excluded.asked"
COLUMNS = "collection, key, name, asked, hash, state, reason, attempts"
MINE = "collection=? AND key=?"
UNCLAIMED = """NOT EXISTS (SELECT 1 FROM claim other WHERE other.collection=claim.collection
    AND other.record_id=claim.record_id AND other.key!=claim.key)"""


class Entry(NamedTuple):
    """One source in one collection. `asked` is what the user named; `attempts` counts those at this content."""

    collection: str
    key: str
    name: str
    asked: str
    hash: str
    state: State
    reason: str
    attempts: int


class Claim(NamedTuple):
    """That a record came from a source, and from which part of it."""

    key: str
    part: str
    record_id: str


@contextmanager
def told() -> Iterator[None]:
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise GiveUp(
            f"The ledger of ingestion cannot be used ({why}): free some space, or check its folder."
        ) from error


@dataclass(frozen=True)
class Ledger:
    """
    One SQLite file, made when it is first needed; safe for several processes, one thread each.

    `pending`: to be read. `encoded`: its vectors are made, its claims are written, its records are being stored.
    `stored`: all of them are in the collection, and none of an older version. Encodings are not kept here: at most
    one batch is made twice after a kill, and a cache of encodings spares even that.
    """

    path: Path

    def enqueue(self, collection: str, asked: Iterable[tuple[str, str, str]]) -> None:
        """Note what is to be done, as (key, name, asked); what is known already keeps its state."""
        put = f"INSERT INTO source(collection, key, name, asked) VALUES (?, ?, ?, ?) ON CONFLICT DO {RENAMED}"
        with self._writing() as db:
            db.executemany(put, ((collection, *one) for one in asked))

    def entries(self, collection: str, keys: Sequence[str]) -> dict[str, Entry]:
        chosen = f"SELECT {COLUMNS} FROM source WHERE collection=? AND key IN ({LISTED})"
        with self._reading() as db:
            return {row[1]: Entry(*row) for row in db.execute(chosen, (collection, json.dumps(keys)))}

    def begin(self, collection: str, hashes: Iterable[tuple[str, str]]) -> None:
        """Count an attempt at each key with that hash, before anything in it is read: even a crash counts."""
        begun = f"""UPDATE source SET attempts=CASE WHEN hash=? AND state!='stored' THEN attempts + 1 ELSE 1 END,
                    hash=?, state='pending', reason='' WHERE {MINE}"""
        with self._writing() as db:
            db.executemany(begun, ((hash, hash, collection, key) for key, hash in hashes))

    def encoded(self, collection: str, claims: Sequence[Claim]) -> None:
        """Say which records are about to be stored, so that none can be there without its source being known."""
        claimed = "INSERT INTO claim VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET part=excluded.part"
        with self._writing() as db:
            db.executemany(claimed, ((collection, claim.record_id, claim.key, claim.part) for claim in claims))
            keys = json.dumps(sorted({claim.key for claim in claims}))
            db.execute(
                f"UPDATE source SET state='encoded' WHERE collection=? AND key IN ({LISTED})", (collection, keys)
            )

    def obsolete(self, collection: str, key: str, parts: Collection[str], current: Collection[str]) -> list[str]:
        """The records of those parts that the source no longer has and no other source claims."""
        chosen = f"SELECT record_id FROM claim WHERE {MINE} AND part IN ({LISTED}) AND {UNCLAIMED}"
        with self._reading() as db:
            rows = db.execute(chosen, (collection, key, json.dumps(sorted(parts))))
            return [record_id for (record_id,) in rows if record_id not in current]

    def stored(self, collection: str, done: Iterable[tuple[str, Collection[str], Collection[str]]]) -> None:
        """Of each (key, parts, record ids): all are in the collection, and the obsolete ones are not."""
        gone = f"""DELETE FROM claim WHERE {MINE} AND part IN ({LISTED})
                   AND record_id NOT IN (SELECT value FROM json_each(?))"""
        with self._writing() as db:
            for key, parts, current in done:
                db.execute(gone, (collection, key, json.dumps(sorted(parts)), json.dumps(sorted(current))))
                db.execute(f"UPDATE source SET state='stored', reason='', attempts=0 WHERE {MINE}", (collection, key))

    def fail(self, collection: str, key: str, reason: str) -> None:
        with self._writing() as db:
            db.execute(f"UPDATE source SET state='failed', reason=? WHERE {MINE}", (reason, collection, key))

    def claims(self, collection: str, keys: Sequence[str]) -> dict[str, set[str]]:
        """The ids of the records that came from each of the sources."""
        return self._claimed("key", "record_id", collection, keys)

    def claimants(self, collection: str, ids: Sequence[str]) -> dict[str, set[str]]:
        """The keys of the sources that each of the records came from."""
        return self._claimed("record_id", "key", collection, ids)

    def _claimed(
        self, by: Literal["key", "record_id"], what: Literal["key", "record_id"], collection: str, asked: Sequence[str]
    ) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {one: set() for one in asked}
        chosen = f"SELECT {by}, {what} FROM claim WHERE collection=? AND {by} IN ({LISTED})"
        with self._reading() as db:
            for one, claimed in db.execute(chosen, (collection, json.dumps(asked))):
                found[one].add(claimed)
        return found

    def sources_of(self, record_id: str) -> list[str]:
        """The keys of the sources that the record came from, whatever the collection."""
        with self._reading() as db:
            rows = db.execute("SELECT DISTINCT key FROM claim WHERE record_id=?", (record_id,))
            return [key for (key,) in rows.fetchall()]

    def below(self, collection: str, folder: str) -> list[str]:
        """The keys of the sources that are files in this folder, or in one inside it."""
        first = folder.rstrip(os.sep) + os.sep
        after = first[:-1] + chr(ord(os.sep) + 1)
        with self._reading() as db:
            rows = db.execute(
                "SELECT key FROM source WHERE collection=? AND key>=? AND key<?", (collection, first, after)
            )
            return [key for (key,) in rows.fetchall()]

    def only_from(self, collection: str, key: str) -> list[str]:
        """The records that no other source claims."""
        with self._reading() as db:
            rows = db.execute(f"SELECT record_id FROM claim WHERE {MINE} AND {UNCLAIMED}", (collection, key))
            return [record_id for (record_id,) in rows.fetchall()]

    def forget(self, collection: str, key: str) -> None:
        """The source and its claims; what only it claimed must have left the collection already."""
        with self._writing() as db:
            db.execute(f"DELETE FROM claim WHERE {MINE}", (collection, key))
            db.execute(f"DELETE FROM source WHERE {MINE}", (collection, key))

    def unfinished(self, collection: str = "") -> list[Entry]:
        """What failed, and what was begun or noted and never finished; of every collection if none is named."""
        chosen = f"SELECT {COLUMNS} FROM source WHERE state!='stored' AND (?='' OR collection=?)"
        with self._reading() as db:
            return [Entry(*row) for row in db.execute(chosen, (collection, collection))]

    def forgive(self, collection: str, keys: Sequence[str]) -> None:
        """Forget the attempts, so that there can be new ones."""
        with self._writing() as db:
            forgiven = f"UPDATE source SET attempts=0 WHERE collection=? AND key IN ({LISTED})"
            db.execute(forgiven, (collection, json.dumps(keys)))

    def drop(self, collection: str, keys: Sequence[str]) -> None:
        """Forget sources of which nothing was stored."""
        dropped = f"""DELETE FROM source WHERE collection=? AND key IN ({LISTED}) AND NOT EXISTS
                      (SELECT 1 FROM claim WHERE claim.collection=source.collection AND claim.key=source.key)"""
        with self._writing() as db:
            db.execute(dropped, (collection, json.dumps(keys)))

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with told():
            yield self._db

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with told(), transaction(self._db):
            yield self._db

    @cached_property
    def _db(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        db = connect(self.path)
        patiently(db, "PRAGMA journal_mode=WAL")
        with transaction(db):
            if db.execute("PRAGMA user_version").fetchone() != (VERSION,):
                for statement in SCHEMA:
                    db.execute(statement)
        return db
