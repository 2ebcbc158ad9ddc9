"""The knowledge base of many users and machines: a Weaviate server, each collection a tenant of its own."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from knowledge.base import About, Found, Health, Item, Query, Report, Space
from knowledge.circuit_breaker import CircuitBreaker
from knowledge.collection_folder import slug
from knowledge.embedded_collection import body_of, refusal
from knowledge.problems import GiveUp
from knowledge.records import LoraCard, Lore, Reference
from knowledge.weaviate_catalogue import Entry, about, at_a_glance, dropped, ensured, entries, named, pointed
from knowledge.weaviate_link import WeaviateLink
from knowledge.weaviate_records import deleted, page, put, read
from knowledge.weaviate_schema import prepare_catalogue
from knowledge.weaviate_search import found

AT_ONCE = 200
"""Records of one message: a few megabytes with their vectors."""


class WeaviateBase:
    """
    A `KnowledgeBase` on a server: connected when it is first used, one connection a process.

    `url` is where HTTP answers; `grpc` where gRPC does, as a URL, or empty for port 50051 of the same host. Searching
    and reading take at most `deadline` seconds, writing and listing `patience` a message.
    """

    def __init__(
        self,
        url: str,
        grpc: str = "",
        api_key: str = "",
        deadline: float = 1.5,
        patience: float = 30.0,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self.deadline, self.patience = deadline, patience
        self.link = WeaviateLink(url, grpc, api_key, prepare_catalogue, breaker or CircuitBreaker())
        # Also where nobody closes it, at the end of the program at the latest.
        weakref.finalize(self, self.link.close)

    def ensure(self, collection: str, spaces: Sequence[Space]) -> None:
        slug(collection)
        self.link.ask(lambda client: ensured(client, collection, spaces), self.patience)

    def about(self, collection: str) -> About:
        return self.link.ask(lambda client: about(client, collection), self.deadline)

    def spaces(self, collection: str) -> tuple[Space, ...]:
        return self._entry(collection).spaces

    def upsert(self, collection: str, items: Sequence[Item]) -> Report:
        entry = self._entry(collection)
        spaces = {space.name: space for space in entry.spaces}
        tried = [(item, refusal(item, body_of(item), spaces)) for item in items]
        good = list({item.record.id: item for item, why in tried if not why}.values())
        refused = dict(self._refused(entry, good))
        stored = tuple(item.record.id for item in good if item.record.id not in refused)
        return Report(stored, (*((item.record.id, why) for item, why in tried if why), *refused.items()))

    def _refused(self, entry: Entry, items: Sequence[Item]) -> Iterator[tuple[str, str]]:
        """Store the items, and say of those that the server did not take why not."""
        for first in range(0, len(items), AT_ONCE):
            try:
                yield from self.link.ask(partial(put, entry=entry, items=items[first : first + AT_ONCE]), self.patience)
            except GiveUp as problem:
                if not first:
                    raise
                yield from ((item.record.id, str(problem)) for item in items[first:])
                return

    def search(self, collection: str, query: Query) -> Found:
        ends, said = time.monotonic() + self.deadline, partial(self.link.said, seconds=self.deadline)
        # At the deadline, what came in time is the answer; only if there is none the link's own limit counts.
        return self.link.ask(lambda client: found(client, collection, query, ends, said), 1.2 * self.deadline)

    def get(self, collection: str, ids: Sequence[str]) -> list[Lore | Reference | LoraCard]:
        return [item.record for item in self._read(self._entry(collection), ids, vectors=False)]

    def items(self, collection: str, ids: Sequence[str]) -> list[Item]:
        return self._read(self._entry(collection), ids, vectors=True)

    def _read(self, entry: Entry, ids: Sequence[str], vectors: bool) -> list[Item]:
        there: dict[str, Item] = {}
        wanted = list(dict.fromkeys(ids))
        for first in range(0, len(wanted), AT_ONCE):
            some = partial(read, entry=entry, ids=wanted[first : first + AT_ONCE], vectors=vectors)
            there |= self.link.ask(some, self.deadline)
        return [there[record_id] for record_id in ids if record_id in there]

    def ids(self, collection: str, after: str = "", limit: int = 1000) -> list[str]:
        return self.link.ask(lambda client: page(client, collection, after, limit), self.patience)

    def delete(self, collection: str, ids: Sequence[str]) -> int:
        entry, wanted = self._entry(collection), list(dict.fromkeys(ids))
        return sum(
            self.link.ask(partial(deleted, entry=entry, ids=wanted[first : first + AT_ONCE]), self.patience)
            for first in range(0, len(wanted), AT_ONCE)
        )

    def drop(self, collection: str) -> None:
        self.link.ask(lambda client: dropped(client, collection), self.patience)

    def point(self, alias: str, collection: str) -> None:
        slug(alias)
        self.link.ask(lambda client: pointed(client, alias, collection), self.patience)

    def aliases(self) -> Mapping[str, str]:
        return {entry.name: entry.points_to for entry in self.link.ask(entries, self.deadline) if entry.points_to}

    def collections(self) -> tuple[str, ...]:
        return tuple(entry.name for entry in self.link.ask(entries, self.deadline) if not entry.points_to)

    def health(self) -> Health:
        try:
            version, count = self.link.ask(at_a_glance, self.deadline, probing=True)
        except GiveUp as problem:
            return Health(False, str(problem))
        return Health(True, f"Weaviate {version} at {self.link.url}, {count} collections")

    def close(self) -> None:
        self.link.close()

    def _entry(self, collection: str) -> Entry:
        return self.link.ask(lambda client: named(client, collection), self.deadline)
