"""Which rows of a collection's vector files belong to which record."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.base import Item, Space, Vector
from knowledge.sqlite_store import among, listed
from knowledge.vector_file import VectorFile

TABLES = (
    "CREATE TABLE space(place INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, encoder TEXT NOT NULL, "
    "dim INTEGER NOT NULL, generation INTEGER NOT NULL, written INTEGER NOT NULL, buried INTEGER NOT NULL) STRICT",
    "CREATE TABLE vector(place INTEGER, slot INTEGER, number INTEGER NOT NULL, PRIMARY KEY(place, slot)) "
    "STRICT, WITHOUT ROWID",
    "CREATE INDEX vector_of_record ON vector(number)",
    "CREATE TABLE grave(place INTEGER, turn INTEGER, slot INTEGER NOT NULL, PRIMARY KEY(place, turn)) "
    "STRICT, WITHOUT ROWID",
)
FILES = "vectors-*.f32"


@dataclass(frozen=True)
class Rows:
    """
    Where one space's vectors are: of `written` rows in a file, `buried` belong to no record any more.

    Compaction makes a file of the next `generation`; within one, a row that was committed never changes.
    """

    place: int
    space: Space
    generation: int
    written: int
    buried: int

    @property
    def live(self) -> int:
        return self.written - self.buried

    def file(self, folder: Path) -> VectorFile:
        return VectorFile(folder / f"vectors-{self.place:d}-{self.generation:d}.f32", self.space.dim)


@dataclass(frozen=True)
class VectorIndex:
    """Works inside the transactions of the collection that owns it. Numbers are those of the table `record`."""

    folder: Path
    db: sqlite3.Connection

    def kept(self) -> dict[str, Rows]:
        """By the name of the space."""
        sql = "SELECT place, name, encoder, dim, generation, written, buried FROM space ORDER BY place"
        return {
            name: Rows(place, Space(name, encoder, dim), *counts)
            for place, name, encoder, dim, *counts in self.db.execute(sql)
        }

    def spaces(self) -> dict[str, Space]:
        return {name: kept.space for name, kept in self.kept().items()}

    def add(self, space: Space) -> None:
        """Keep one more space, unless one of that name is kept already."""
        sql = "INSERT OR IGNORE INTO space(name, encoder, dim, generation, written, buried) VALUES (?, ?, ?, 0, 0, 0)"
        self.db.execute(sql, (space.name, space.encoder, space.dim))

    def put(self, items: Sequence[Item], numbers: Sequence[int]) -> None:
        """Append the items' vectors. Rows left in a file by a write that never committed are overwritten."""
        for name, kept in self.kept().items():
            having = [(item.vectors[name], n) for item, n in zip(items, numbers, strict=True) if name in item.vectors]
            if having:
                first, after = kept.written, kept.written + len(having)
                kept.file(self.folder).write(first, units(np.stack([vector for vector, _ in having])))
                rows = ((kept.place, slot, number) for slot, (_, number) in enumerate(having, first))
                self.db.executemany("INSERT INTO vector VALUES (?, ?, ?)", rows)
                self.db.execute("UPDATE space SET written=? WHERE place=?", (after, kept.place))

    def bury(self, numbers: Sequence[int]) -> None:
        """Let those records have no vectors; readers learn it from the graves that are new to them."""
        gone = list(among(self.db, "SELECT place, slot FROM vector WHERE number IN ({})", numbers))
        list(among(self.db, "DELETE FROM vector WHERE number IN ({})", numbers))
        for kept in self.kept().values():
            slots = [slot for place, slot in gone if place == kept.place]
            graves = ((kept.place, turn, slot) for turn, slot in enumerate(slots, kept.buried))
            self.db.executemany("INSERT INTO grave VALUES (?, ?, ?)", graves)
            self.db.execute("UPDATE space SET buried=buried + ? WHERE place=?", (len(slots), kept.place))

    def renew(self, after: Rows, numbers: Sequence[int]) -> None:
        """Let the rows of the space be those of a new file, whose slots belong to `numbers` one by one."""
        self.db.execute("DELETE FROM vector WHERE place=?", (after.place,))
        self.db.execute("DELETE FROM grave WHERE place=?", (after.place,))
        rows = ((after.place, slot, number) for slot, number in enumerate(numbers))
        self.db.executemany("INSERT INTO vector VALUES (?, ?, ?)", rows)
        counts = (after.generation, after.written, after.buried, after.place)
        self.db.execute("UPDATE space SET generation=?, written=?, buried=? WHERE place=?", counts)

    def of(self, numbers: Sequence[int]) -> dict[int, dict[str, Vector]]:
        """The vectors of those records by space."""
        found: dict[int, dict[str, Vector]] = {number: {} for number in numbers}
        rows = {kept.place: (name, kept.file(self.folder).rows(kept.written)) for name, kept in self.kept().items()}
        for place, slot, number in among(
            self.db, "SELECT place, slot, number FROM vector WHERE number IN ({})", numbers
        ):
            name, vectors = rows[place]
            found[number][name] = np.array(vectors[slot])
        return found

    def owners(self, kept: Rows, since: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Slots from `since` on, and the numbers of the records they belong to."""
        sql = "SELECT group_concat(slot), group_concat(number) FROM vector WHERE place=? AND slot>=? AND slot<?"
        slots, numbers = self.db.execute(sql, (kept.place, since, kept.written)).fetchone()
        return listed(slots), listed(numbers)

    def graves(self, kept: Rows, since: int = 0) -> NDArray[np.int64]:
        """Slots that belong to no record any more, in the order they were buried, without the first `since`."""
        sql = "SELECT group_concat(slot) FROM grave WHERE place=? AND turn>=? AND slot<?"
        return listed(self.db.execute(sql, (kept.place, since, kept.written)).fetchone()[0])

    def whole(self) -> bool:
        """Whether every row that was committed is in its file."""
        return all(kept.file(self.folder).holds(kept.written) for kept in self.kept().values())

    def strays(self) -> Iterator[Path]:
        """Vector files that nothing refers to: of a compaction that was killed, or whose old file was in use."""
        current = {kept.file(self.folder).path for kept in self.kept().values()}
        return (path for path in self.folder.glob(FILES) if path not in current)


def units(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    return (rows / lengths[:, None].astype(np.float32)).astype(np.float32, copy=False)


def unfit(vector: Vector, space: Space) -> str:
    """Why this cannot be a vector of that space, or nothing."""
    if vector.shape != (space.dim,):
        return f"the vector has shape {vector.shape} instead of ({space.dim},)"
    squares = float(np.dot(vector, vector))
    if 0 < squares < math.inf:
        return ""
    # Numbers may be fine though their squares are beyond float32.
    if not np.isfinite(vector).all():
        return "the vector holds numbers that are not finite"
    return "" if np.any(vector) else "the vector is all zeros"
