"""One collection of the embedded base: a folder of SQLite rows and a vector file for each space."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import TypeVar

from pydantic_core import PydanticSerializationError

from knowledge import collection_schema as schema
from knowledge.base import About, Found, Item, Query, Report, Space
from knowledge.collection_check import troubles
from knowledge.collection_database import CollectionDatabase
from knowledge.collection_folder import HIDDEN, called
from knowledge.collection_rows import CollectionRows, Record
from knowledge.collection_search import CollectionSearch
from knowledge.field_index import SIGNATURE
from knowledge.problems import GiveUp
from knowledge.sqlite_store import told
from knowledge.vector_compaction import compact, sweep, wasteful
from knowledge.vector_file import FileShort
from knowledge.vector_index import Rows, unfit

T = TypeVar("T")
DROPPED = f"{HIDDEN}dropped-"


@dataclass(frozen=True)
class Collection:
    """
    Safe for threads and processes. The row is the commit point: vectors without a committed row do not exist.

    Everything raises `Gone` where the folder is not what was opened any more: open it anew.
    """

    name: str
    database: CollectionDatabase
    finder: CollectionSearch = field(default_factory=CollectionSearch)

    @classmethod
    def at(cls, folder: Path) -> Collection | None:
        """The collection kept in this folder, or None if none was ever committed there."""
        with told(folder.name):
            if not (database := CollectionDatabase.at(folder)):
                return None
            with database.reading() as db:
                name, fields = db.execute("SELECT name, fields FROM about").fetchone()
            found = cls(called(folder, name), database)
            if fields != SIGNATURE:
                found.write(CollectionRows.index_anew)
            return found

    @property
    def folder(self) -> Path:
        return self.database.path.parent

    def read(self, act: Callable[[CollectionRows], T]) -> T:
        """In one moment of the collection; in another one if the vectors of the first were just compacted away."""
        with told(self.name):
            with suppress(FileShort), self.database.reading() as db:
                return act(CollectionRows(self.folder, db))
            with self.database.reading() as db:
                return act(CollectionRows(self.folder, db))

    def write(self, act: Callable[[CollectionRows], T]) -> T:
        with told(self.name), self.database.writing() as db:
            return act(CollectionRows(self.folder, db))

    def ensure(self, spaces: Sequence[Space]) -> None:
        def add(rows: CollectionRows) -> None:
            there = rows.vectors.spaces()
            for space in spaces:
                old = there.get(space.name, space)
                if old != space:
                    raise GiveUp(
                        f"The collection {self.name!r} was made with another encoder ({old.encoder!r}, {old.dim} "
                        f"numbers) than {space.encoder!r} ({space.dim}): ingest it anew under another name."
                    )
                rows.vectors.add(space)
            sweep(rows.vectors)

        self.write(add)

    def upsert(self, items: Sequence[Item]) -> Report:
        """Everything that can be stored, in one step (of two items with one id, the last); the others with reasons."""
        bodies = [body_of(item) for item in items]

        def put(rows: CollectionRows) -> Report:
            spaces = rows.vectors.spaces()
            reasons = [refusal(item, body, spaces) for item, body in zip(items, bodies, strict=True)]
            tried = list(zip(items, bodies, reasons, strict=True))
            good = {item.record.id: (item, body) for item, body, reason in tried if not reason}
            rows.put([item for item, _ in good.values()], [body or "" for _, body in good.values()])
            return Report(tuple(good), tuple((item.record.id, reason) for item, _, reason in tried if reason))

        report = self.write(put)
        self._thin_out()
        return report

    def delete(self, ids: Sequence[str]) -> int:
        count = self.write(lambda rows: rows.remove(ids))
        self._thin_out()
        return count

    def get(self, ids: Sequence[str]) -> list[Record]:
        return self.read(lambda rows: [record for _, record in rows.of(ids)])

    def items(self, ids: Sequence[str]) -> list[Item]:
        def read(rows: CollectionRows) -> list[Item]:
            found = rows.of(ids)
            vectors = rows.vectors.of([number for number, _ in found])
            return [Item(record, vectors[number]) for number, record in found]

        return self.read(read)

    def ids(self, after: str, limit: int) -> list[str]:
        return self.read(lambda rows: rows.ids(after, limit))

    def about(self) -> About:
        return self.read(lambda rows: About(self.name, rows.count(), tuple(rows.vectors.spaces().values())))

    def spaces(self) -> tuple[Space, ...]:
        return self.read(lambda rows: tuple(rows.vectors.spaces().values()))

    def search(self, query: Query) -> Found:
        return self.read(lambda rows: self.finder.answer(rows, query))

    def snapshot(self, folder: Path) -> None:
        """Copy it as it is at one moment, while others write on."""
        self.read(lambda rows: rows.copy(folder, self.name))

    def compact(self) -> None:
        """Rewrite what holds vectors or words of records that are gone, and give its room back to the disk."""
        self._renew(lambda kept: kept.buried > 0)
        self.write(lambda rows: rows.words.tidy())
        with told(self.name):
            self.database.vacuum()

    def _thin_out(self) -> None:
        # What was to be written is safe already; a disk too full to compact is met again at the next write.
        with suppress(GiveUp):
            self._renew(wasteful)

    def _renew(self, wanted: Callable[[Rows], bool]) -> None:
        def renew(rows: CollectionRows) -> None:
            for kept in filter(wanted, rows.vectors.kept().values()):
                compact(rows.vectors, kept)

        if self.read(lambda rows: any(map(wanted, rows.vectors.kept().values()))):
            self.write(renew)
            self.write(lambda rows: sweep(rows.vectors))

    def check(self) -> tuple[str, ...]:
        """All that is wrong with it, read from end to end."""
        return self.write(lambda rows: tuple(troubles(rows)))

    def trouble(self) -> str:
        """What is wrong at first sight, or nothing."""
        return (
            "" if self.read(lambda rows: rows.vectors.whole()) else f"{self.name!r} lacks vectors: restore its folder"
        )

    def drop(self) -> None:
        """No reader finds it from here on, whatever of its files a killed process leaves behind."""
        with told(self.name), self.database.writing() as db:
            db.execute(f"PRAGMA user_version={schema.DROPPED}")
            left = set_aside(self.folder)
        self.database.close()
        for folder in (left, *self.folder.parent.glob(f"{DROPPED}*")):
            shutil.rmtree(folder, ignore_errors=True)


def set_aside(folder: Path) -> Path:
    """The folder under a name that is no collection's; where files in use hold it, as it is."""
    try:
        return folder.rename(folder.with_name(DROPPED + token_hex(8)))
    except OSError:
        return folder


def body_of(item: Item) -> str | None:
    """The record as it is kept, or None if its text is not Unicode."""
    try:
        return item.record.model_dump_json()
    except PydanticSerializationError:
        return None


def refusal(item: Item, body: str | None, spaces: Mapping[str, Space]) -> str:
    """Why this item cannot be stored, or nothing."""
    if body is None:
        return "its text is not valid Unicode"
    for name, vector in item.vectors.items():
        if name not in spaces:
            return f"the collection has no space {name!r}"
        if why := unfit(vector, spaces[name]):
            return f"space {name!r}: {why}"
    return ""
