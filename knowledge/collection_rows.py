"""All that one collection keeps of its records, in every table at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from knowledge.base import Item
from knowledge.collection_database import FILE
from knowledge.field_index import SIGNATURE, FieldIndex
from knowledge.records import RECORD, LoraCard, Lore, Reference
from knowledge.sqlite_store import among
from knowledge.vector_index import VectorIndex
from knowledge.word_index import WordIndex

Record = Lore | Reference | LoraCard


@dataclass(frozen=True)
class CollectionRows:
    """Works inside one transaction. A record's number is its name inside; its id is that outside."""

    folder: Path
    db: sqlite3.Connection

    @property
    def fields(self) -> FieldIndex:
        return FieldIndex(self.db)

    @property
    def words(self) -> WordIndex:
        return WordIndex(self.db)

    @property
    def vectors(self) -> VectorIndex:
        return VectorIndex(self.folder, self.db)

    def put(self, items: Sequence[Item], bodies: Sequence[str]) -> None:
        """Store items of different ids, instead of what was there by these ids."""
        numbers = self._numbered([item.record.id for item in items])
        rows = ((number, item.record.id, body) for number, item, body in zip(numbers, items, bodies, strict=True))
        put = "INSERT INTO record VALUES (?, ?, ?) ON CONFLICT(id) DO UPDATE SET body=excluded.body"
        self.db.executemany(put, rows)
        self.fields.put(numbers, (item.record for item in items))
        self.words.put(numbers, (item.record.text for item in items))
        self.vectors.put(items, numbers)

    def _numbered(self, ids: Sequence[str]) -> list[int]:
        """A number for each, of which nothing else is kept yet."""
        known = dict(among(self.db, "SELECT id, number FROM record WHERE id IN ({})", ids))
        self._clear(list(known.values()))
        (last,) = self.db.execute("SELECT coalesce(max(number), 0) FROM record").fetchone()
        fresh = (record_id for record_id in ids if record_id not in known)
        known |= {record_id: number for number, record_id in enumerate(fresh, last + 1)}
        return [known[record_id] for record_id in ids]

    def _clear(self, numbers: Sequence[int]) -> None:
        self.fields.remove(numbers)
        self.words.remove(numbers)
        self.vectors.bury(numbers)

    def remove(self, ids: Sequence[str]) -> int:
        """How many of them were there."""
        numbers = [number for (number,) in among(self.db, "SELECT number FROM record WHERE id IN ({})", set(ids))]
        self._clear(numbers)
        list(among(self.db, "DELETE FROM record WHERE number IN ({})", numbers))
        return len(numbers)

    def of(self, ids: Sequence[str]) -> list[tuple[int, Record]]:
        """The records there are with their numbers, in the order asked for."""
        chosen = among(self.db, "SELECT id, number, body FROM record WHERE id IN ({})", set(ids))
        kept = {record_id: (number, body) for record_id, number, body in chosen}
        return [(number, RECORD.validate_json(body)) for number, body in (kept[one] for one in ids if one in kept)]

    def at(self, numbers: Sequence[int]) -> dict[int, Record]:
        """The records of these numbers, in their order."""
        bodies = dict(among(self.db, "SELECT number, body FROM record WHERE number IN ({})", numbers))
        return {number: RECORD.validate_json(bodies[number]) for number in numbers}

    def ids(self, after: str, limit: int) -> list[str]:
        rows = self.db.execute("SELECT id FROM record WHERE id > ? ORDER BY id LIMIT ?", (after, max(limit, 0)))
        return [record_id for (record_id,) in rows]

    def index_anew(self) -> None:
        """Fill the index of fields again from the records."""
        self.db.execute("DELETE FROM field")
        rows = self.db.execute("SELECT number, body FROM record")
        while some := rows.fetchmany(5000):
            self.fields.put([number for number, _ in some], (RECORD.validate_json(body) for _, body in some))
        self.db.execute("UPDATE about SET fields=?", (SIGNATURE,))

    def copy(self, folder: Path, name: str) -> None:
        """Put all of it into another folder, under that name."""
        with closing(sqlite3.connect(folder / FILE)) as target:
            self.db.backup(target)
            target.execute("UPDATE about SET name=?", (name,))
            target.commit()
        for kept in self.vectors.kept().values():
            kept.file(self.folder).rows(kept.written).tofile(kept.file(folder).path)

    def count(self) -> int:
        return self.db.execute("SELECT count(*) FROM record").fetchone()[0]
