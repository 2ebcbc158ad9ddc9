"""The knowledge base that needs no server: one folder a collection, exact search, several processes at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from knowledge.base import About, Found, Health, Item, Query, Report, Space
from knowledge.collection_database import CollectionDatabase, Gone
from knowledge.collection_folder import folder_of, folders
from knowledge.embedded_aliases import Aliases
from knowledge.embedded_collection import Collection
from knowledge.problems import GiveUp, TryAgain
from knowledge.records import LoraCard, Lore, Reference
from knowledge.sqlite_store import told
from knowledge.versions import names, none_named

T = TypeVar("T")
TRIES = 5


@dataclass(frozen=True)
class EmbeddedBase:
    """A `KnowledgeBase` in one folder; comfortable to about 300,000 records a collection."""

    folder: Path
    _open: dict[tuple[int, Path], Collection] = field(default_factory=dict, repr=False, compare=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    def ensure(self, collection: str, spaces: Sequence[Space]) -> None:
        name = self.aliases().get(collection, collection)
        if not self._find(name):
            with told(name):
                CollectionDatabase.make(folder_of(self.folder, name), name)
        self._do(name, lambda found: found.ensure(spaces))

    def about(self, collection: str) -> About:
        return self._do(collection, Collection.about)

    def spaces(self, collection: str) -> tuple[Space, ...]:
        return self._do(collection, Collection.spaces)

    def upsert(self, collection: str, items: Sequence[Item]) -> Report:
        return self._do(collection, lambda found: found.upsert(items))

    def search(self, collection: str, query: Query) -> Found:
        return self._do(collection, lambda found: found.search(query))

    def get(self, collection: str, ids: Sequence[str]) -> list[Lore | Reference | LoraCard]:
        return self._do(collection, lambda found: found.get(ids))

    def items(self, collection: str, ids: Sequence[str]) -> list[Item]:
        return self._do(collection, lambda found: found.items(ids))

    def ids(self, collection: str, after: str = "", limit: int = 1000) -> list[str]:
        return self._do(collection, lambda found: found.ids(after, limit))

    def delete(self, collection: str, ids: Sequence[str]) -> int:
        return self._do(collection, lambda found: found.delete(ids))

    def compact(self, collection: str) -> None:
        """Give the room of what was updated and deleted back to the disk; readers and writers go on meanwhile."""
        self._do(collection, Collection.compact)

    def check(self, collection: str) -> tuple[str, ...]:
        """All that is wrong with what is kept, read from end to end; of a sound collection, nothing."""
        return self._do(collection, Collection.check)

    def snapshot(self, collection: str, folder: Path) -> None:
        """Copy the collection, as it is at one moment, into a folder that is there."""
        self._do(collection, lambda found: found.snapshot(folder))

    def drop(self, collection: str) -> None:
        with Aliases(self.folder).changing() as db:
            name = self._do(collection, lambda found: found.name)
            db.execute("DELETE FROM alias WHERE collection=?", (name,))
            self._do(name, Collection.drop)

    def point(self, alias: str, collection: str) -> None:
        with Aliases(self.folder).changing() as db:
            target = self._do(collection, lambda found: found.name)
            if self._find(alias):
                raise TryAgain(f"{alias!r} is a collection itself: choose another alias.")
            db.execute("INSERT OR REPLACE INTO alias VALUES (?, ?)", (alias, target))

    def aliases(self) -> dict[str, str]:
        return Aliases(self.folder).all()

    def collections(self) -> tuple[str, ...]:
        """Those that can be opened; what is wrong with the others, `health` says."""
        return tuple(sorted(found.name for folder in folders(self.folder) if (found := self._whole(folder))))

    def health(self) -> Health:
        troubles: list[str] = []
        for folder in folders(self.folder):
            try:
                found = self._at(folder)
                troubles += [found.trouble()] if found else []
            except (GiveUp, Gone) as problem:
                troubles.append(str(problem))
        said = [trouble for trouble in troubles if trouble]
        return Health(not said, "; ".join(said) or f"embedded, {len(troubles)} collections")

    def close(self) -> None:
        with self._lock:
            for key in [key for key in self._open if key[0] == os.getpid()]:
                self._open.pop(key).database.close()

    def _do(self, name: str, act: Callable[[Collection], T]) -> T:
        """With the collection of that name or alias; where another takes its place meanwhile, with that one."""
        for _ in range(TRIES):
            with suppress(Gone):
                return act(self._named(name))
        raise GiveUp(f"The collection {name!r} is being replaced again and again: let that end first.")

    def _named(self, name: str) -> Collection:
        aliases = self.aliases()
        if found := self._find(aliases.get(name, name)):
            return found
        raise none_named(name, names(aliases, self.collections()))

    def _find(self, name: str) -> Collection | None:
        return self._at(folder_of(self.folder, name))

    def _whole(self, folder: Path) -> Collection | None:
        try:
            return self._at(folder)
        except (GiveUp, Gone):
            return None

    def _at(self, folder: Path) -> Collection | None:
        # A connection must not be used in a process that was forked after it was opened.
        key = os.getpid(), folder
        with self._lock:
            if key in self._open and not self._open[key].database.there():
                self._open.pop(key).database.close()
            if key not in self._open and (found := Collection.at(folder)):
                self._open[key] = found
            return self._open.get(key)
