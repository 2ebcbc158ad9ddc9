"""The knowledge base that needs no server: one folder a collection, exact search, several processes at once."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from knowledge.base import Health, Hit, Item, Query, Report, Space
from knowledge.embedded_collection import FILE, Collection, connect, told
from knowledge.problems import GiveUp, TryAgain
from knowledge.records import LoraCard, Lore, Reference

ALIASES = "aliases.sqlite"
PLAIN = re.compile(r"(?!(?:con|prn|aux|nul|com\d|lpt\d)$)[a-z0-9][a-z0-9_-]{0,62}")
"""Names that are folders as they stand; some others name devices on Windows."""


def slug(name: str) -> str:
    """The folder of a collection: its name if plain, else what is plain of it, a dot and a short hash."""
    if PLAIN.fullmatch(name):
        return name
    if not name.strip() or not name.isprintable() or "/" in name or len(name) > 200:
        raise TryAgain(f"{name[:60]!r} cannot name a collection: use 1 to 200 printable characters and no '/'.")
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower())[:40].strip("-")
    return f"{plain or 'collection'}.{hashlib.sha256(name.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class EmbeddedBase:
    """A `KnowledgeBase` in one folder; comfortable to about 300,000 records a collection."""

    folder: Path
    _open: dict[str, Collection] = field(default_factory=dict, repr=False, compare=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    def ensure(self, collection: str, spaces: Sequence[Space]) -> None:
        name = self._aliases().get(collection, collection)
        with self._lock:
            made = self._find(name) or Collection.made(self.folder / slug(name), name)
            self._open[slug(name)] = made
        made.ensure(spaces)

    def upsert(self, collection: str, items: Sequence[Item]) -> Report:
        return self._named(collection).upsert(items)

    def search(self, collection: str, query: Query) -> list[Hit]:
        return self._named(collection).search(query)

    def get(self, collection: str, ids: Sequence[str]) -> list[Lore | Reference | LoraCard]:
        return self._named(collection).get(ids)

    def delete(self, collection: str, ids: Sequence[str]) -> int:
        return self._named(collection).delete(ids)

    def point(self, alias: str, collection: str) -> None:
        target = self._named(collection).name
        if self._find(alias):
            raise TryAgain(f"{alias!r} is a collection itself: choose another alias.")
        with told(alias):
            db = connect(self.folder / ALIASES)
            try:
                db.execute("CREATE TABLE IF NOT EXISTS alias(name TEXT PRIMARY KEY, collection TEXT NOT NULL)")
                db.execute("INSERT OR REPLACE INTO alias VALUES (?, ?)", (alias, target))
            finally:
                db.close()

    def collections(self) -> tuple[str, ...]:
        folders = sorted(path.parent for path in self.folder.glob(f"*/{FILE}"))
        return tuple(found.name for folder in folders if (found := self._at(folder)))

    def health(self) -> Health:
        try:
            folders = [path.parent for path in self.folder.glob(f"*/{FILE}")]
            found = [collection for folder in folders if (collection := self._at(folder))]
            troubles = [trouble for collection in found if (trouble := collection.trouble())]
        except GiveUp as problem:
            return Health(False, str(problem))
        return Health(not troubles, "; ".join(troubles) or f"embedded, {len(found)} collections")

    def close(self) -> None:
        with self._lock:
            for collection in self._open.values():
                collection.db.close()
            self._open.clear()

    def _named(self, name: str) -> Collection:
        aliases = self._aliases()
        if found := self._find(aliases.get(name, name)):
            return found
        there = ", ".join(map(repr, sorted((*self.collections(), *aliases)))) or "none yet: ingest something first"
        raise TryAgain(f"There is no collection {name[:60]!r}; there are: {there}.")

    def _find(self, name: str) -> Collection | None:
        return self._at(self.folder / slug(name))

    def _at(self, folder: Path) -> Collection | None:
        with self._lock:
            if folder.name not in self._open and (found := Collection.at(folder)):
                self._open[folder.name] = found
            return self._open.get(folder.name)

    def _aliases(self) -> dict[str, str]:
        path = self.folder / ALIASES
        if not path.is_file():
            return {}
        with told(ALIASES):
            db = connect(path)
            try:
                return dict(db.execute("SELECT name, collection FROM alias"))
            except sqlite3.OperationalError as error:
                # Another process has made the file and not yet the table.
                if "no such table" in str(error):
                    return {}
                raise
            finally:
                db.close()
