"""Which rows of a collection's vector files belong to which record, and which of them are nearest."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.base import Item, Space, Vector
from knowledge.problems import TryAgain
from knowledge.vector_file import VectorFile


def unit(vector: Vector) -> Vector:
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def unfit(vector: Vector, space: Space) -> str:
    if vector.shape != (space.dim,):
        return f"the vector has shape {vector.shape} instead of ({space.dim},)"
    length = np.linalg.norm(vector)
    if not np.isfinite(length):
        return "the vector holds numbers that are not finite"
    return "" if length > 0 else "the vector is all zeros"


@dataclass(frozen=True)
class Live:
    """The slots of one space that hold a current record's vector, and each one's record."""

    slots: NDArray[np.int64]
    numbers: NDArray[np.int64]


@dataclass
class VectorIndex:
    """Works inside the transactions of the collection that owns it. Numbers are those of the table `record`."""

    folder: Path
    db: sqlite3.Connection
    seen: dict[str, tuple[tuple[int, int], Live]] = field(default_factory=dict)

    def spaces(self) -> dict[str, Space]:
        return {row[0]: Space(*row) for row in self.db.execute("SELECT name, encoder, dim FROM space")}

    def add(self, space: Space) -> None:
        """Keep one more space, unless one of that name is kept already."""
        row = (space.name, space.encoder, space.dim)
        self.db.execute("INSERT OR IGNORE INTO space(name, encoder, dim, written) VALUES (?, ?, ?, 0)", row)

    def put(self, space: Space, items: Sequence[Item], numbers: Sequence[int]) -> None:
        """Append the items' vectors of this space. Rows left there by a write that never committed are overwritten."""
        rows = {
            number: item.vectors[space.name]
            for item, number in zip(items, numbers, strict=True)
            if space.name in item.vectors
        }
        if not rows:
            return
        file, first = self._file(space)
        file.write(first, np.stack([unit(vector) for vector in rows.values()]))
        made = [(space.name, first + place, number) for place, number in enumerate(rows)]
        self.db.executemany("INSERT INTO vector VALUES (?, ?, ?)", made)
        self.db.execute("UPDATE space SET written=? WHERE name=?", (first + len(rows), space.name))

    def whole(self) -> bool:
        """Whether every row that was committed is in its file."""
        return all(file.holds(written) for file, written in map(self._file, self.spaces().values()))

    def _file(self, space: Space) -> tuple[VectorFile, int]:
        """The space's file and how many of its rows are committed."""
        (place, written) = self.db.execute("SELECT place, written FROM space WHERE name=?", (space.name,)).fetchone()
        return VectorFile(self.folder / f"vectors-{place}.f32", space.dim), written

    def near(
        self, vectors: Mapping[str, Vector], allowed: NDArray[np.int64] | None, depth: int
    ) -> dict[str, dict[int, float]]:
        """Cosines by space of the nearest records; a record near in one space is scored in every space it is in."""
        there = self.spaces()
        scored = {name: self._cosines(there[name], vectors[name], allowed) for name in vectors if name in there}
        best = [numbers[np.argsort(-cosines, kind="stable")[:depth]] for numbers, cosines in scored.values()]
        nearest = np.unique(np.concatenate(best)) if best else np.empty(0, np.int64)
        kept = {name: np.isin(numbers, nearest) for name, (numbers, _) in scored.items()}
        return {
            name: dict(zip(numbers[kept[name]].tolist(), cosines[kept[name]].tolist(), strict=True))
            for name, (numbers, cosines) in scored.items()
        }

    def _cosines(
        self, space: Space, vector: Vector, allowed: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        if why := unfit(vector, space):
            raise TryAgain(f"The query cannot be compared with the space {space.name!r}: {why}.")
        live = self._live(space)
        chosen = slice(None) if allowed is None else np.isin(live.numbers, allowed)
        file, written = self._file(space)
        return live.numbers[chosen], file.scores(unit(vector), live.slots[chosen], written)

    def _live(self, space: Space) -> Live:
        """Read again only when somebody, here or in another process, has committed since."""
        (version,) = self.db.execute("PRAGMA data_version").fetchone()
        now = (version, self.db.total_changes)
        if self.seen.get(space.name, (None,))[0] != now:
            rows = self.db.execute("SELECT slot, number FROM vector WHERE space=? ORDER BY slot", (space.name,))
            table = np.array(rows.fetchall(), np.int64).reshape(-1, 2)
            self.seen[space.name] = (now, Live(table[:, 0], table[:, 1]))
        return self.seen[space.name][1]
