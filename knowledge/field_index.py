"""Filters of one collection: which records have which values in their fields."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from knowledge.base import And, Eq, Filter, In, Least, Most, Not, Or
from knowledge.problems import TryAgain
from knowledge.records import LoraCard, Lore, Reference
from knowledge.sqlite_store import among, listed

TABLES = (
    "CREATE TABLE field(name TEXT, value ANY, number INTEGER, PRIMARY KEY(name, value, number)) STRICT, WITHOUT ROWID",
    "CREATE INDEX field_of_record ON field(number)",
)
KINDS = (Lore, Reference, LoraCard)
FIELDS = {name: info.annotation for kind in KINDS for name, info in kind.model_fields.items()}
NUMBERS = frozenset(name for name, kind in FIELDS.items() if kind in (int, float))
PROSE = frozenset({"about", "adds", "body", "caption"})
"""Fields hardly ever filtered by, and long: they are read from the records themselves instead of indexed."""
INDEXED = {kind: tuple(name for name in kind.model_fields if name != "id" and name not in PROSE) for kind in KINDS}
CHOSEN = "SELECT group_concat(number) FROM"
SIGNATURE = " ".join(f"{kind.__name__}.{name}" for kind, names in INDEXED.items() for name in names)
"""Changes with the fields there are: an index made with others is made anew."""


@dataclass(frozen=True)
class Selection:
    """Some records by number, ascending; or, if `others`, all but these."""

    numbers: NDArray[np.int64]
    others: bool = False

    def __invert__(self) -> Selection:
        return Selection(self.numbers, not self.others)

    def __and__(self, more: Selection) -> Selection:
        match self.others, more.others:
            case False, False:
                return Selection(np.intersect1d(self.numbers, more.numbers, assume_unique=True))
            case True, True:
                return Selection(np.union1d(self.numbers, more.numbers), others=True)
            case True, False:
                return more & self
        return Selection(np.setdiff1d(self.numbers, more.numbers, assume_unique=True))

    def of(self, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.isin(numbers, self.numbers, invert=self.others)

    def let_pass(self, db: sqlite3.Connection) -> None:
        """Make `passes(number)` a function of this connection that says whether a record is selected."""
        (most,) = db.execute("SELECT coalesce(max(number), 0) FROM record").fetchone()
        mask = np.full(most + 1, self.others, np.uint8)
        mask[self.numbers[self.numbers <= most]] = not self.others
        db.create_function("passes", 1, mask.tobytes().__getitem__)


EVERYTHING = Selection(np.empty(0, np.int64), others=True)


@dataclass(frozen=True)
class FieldIndex:
    """Works inside the transactions of the collection that owns it."""

    db: sqlite3.Connection

    def put(self, numbers: Iterable[int], records: Iterable[Lore | Reference | LoraCard]) -> None:
        rows = (
            (name, value, number)
            for number, record in zip(numbers, records, strict=True)
            for name, value in indexed(record)
        )
        self.db.executemany("INSERT INTO field VALUES (?, ?, ?)", rows)

    def remove(self, numbers: Sequence[int]) -> None:
        list(among(self.db, "DELETE FROM field WHERE number IN ({})", numbers))

    def select(self, where: Filter) -> Selection:
        match where:
            case And(parts):
                return reduce(and_, map(self.select, parts), EVERYTHING)
            case Or(parts):
                return ~reduce(and_, (~self.select(part) for part in parts), EVERYTHING)
            case Not(part):
                return ~self.select(part)
            case Eq(name, value):
                return self._among(known(name), (value,))
            case In(name, values):
                return self._among(known(name), values)
            case Least(name, value):
                return self._beyond(known(name), ">=", value)
            case Most(name, value):
                return self._beyond(known(name), "<=", value)

    def _among(self, name: str, values: Sequence[str]) -> Selection:
        if name == "id":
            return selected(among(self.db, f"{CHOSEN} record WHERE id IN ({{}})", values))
        if name in PROSE:
            return self._telling(name, frozenset(values))
        wanted = numbers_in(values) if name in NUMBERS else values
        return selected(among(self.db, f"{CHOSEN} field WHERE name=? AND value IN ({{}})", wanted, name))

    def _telling(self, name: str, values: Set[str]) -> Selection:
        bodies = self.db.execute("SELECT number, body FROM record ORDER BY number")
        return Selection(
            np.array([number for number, body in bodies if json.loads(body).get(name) in values], np.int64)
        )

    def _beyond(self, name: str, sign: Literal[">=", "<="], value: float) -> Selection:
        if name not in NUMBERS:
            return Selection(np.empty(0, np.int64))
        return selected(self.db.execute(f"{CHOSEN} field WHERE name=? AND value {sign} ?", (name, float(value))))


def indexed(record: Lore | Reference | LoraCard) -> Iterator[tuple[str, str | float]]:
    """Each field with its value, or with each of its values."""
    for name in INDEXED[type(record)]:
        value = getattr(record, name)
        if isinstance(value, tuple):
            yield from ((name, member) for member in dict.fromkeys(value))
        else:
            yield name, value


def known(name: str) -> str:
    if name not in FIELDS:
        raise TryAgain(f"There is no field {name[:60]!r} to filter by: use one of {', '.join(sorted(FIELDS))}.")
    return name


def numbers_in(values: Iterable[str]) -> Iterator[float]:
    for value in values:
        with suppress(ValueError):
            yield float(value)


def selected(rows: Iterable[tuple[str | None]]) -> Selection:
    numbers = np.concatenate([np.empty(0, np.int64), *(listed(text) for (text,) in rows)])
    # Those of one value come in order, and sorting many costs more than looking.
    return Selection(numbers if np.all(numbers[1:] > numbers[:-1]) else np.unique(numbers))
