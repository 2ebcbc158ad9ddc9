"""Takes files and pages into a collection: each exactly once, or listed with the reason, however often it is killed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from knowledge.ingest import Ingester
from knowledge.ingestion_lot import Lot, Tally
from knowledge.ledger import Entry, Ledger
from knowledge.problems import TryAgain
from knowledge.pruning import Pruned, Pruner
from knowledge.readers.plan import Plan
from knowledge.readers.readers import Readers
from knowledge.readers.source import Source
from knowledge.versions import ready
from knowledge.web import Web

SOURCES_AT_ONCE = 32
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Summary:
    """
    How many sources were stored or are unchanged; those that failed or were skipped by name, with the reason; and how
    many were forgotten, with `removed` records, because their files are gone.
    """

    stored: int
    unchanged: int
    records: int
    failed: tuple[tuple[str, str], ...]
    skipped: tuple[tuple[str, str], ...]
    seconds: float
    forgotten: int = 0
    removed: int = 0


@dataclass(frozen=True)
class Ingestion:
    """
    What cannot be read fails with its reason, is tried again by later runs, and after three attempts at one content
    left alone until it changes or `retry` is asked for. What is stored stays when its file is taken away, until
    `prune` is asked for.
    """

    ingester: Ingester
    ledger: Ledger
    readers: Readers
    web: Web

    def run(
        self,
        asked: Sequence[str],
        collection: str,
        on_progress: Progress = lambda done, total: None,
        only: Callable[[Source], bool] = lambda source: True,
        prune: bool = False,
    ) -> Summary:
        """
        Ingest the files, folders and URLs, or `only` some of what is there; progress is counted in sources. With
        `prune` what was learnt from files that have left those folders is forgotten.

        Raises `TryAgain`, before anything is done, if one of them is not there or not allowed, and `GiveUp` if the
        knowledge base or the disk cannot be used: the next run goes on from there.
        """
        plan = Plan(self.readers.limits)
        for one in asked:
            plan.add(one)
        for source in plan.sources.values():
            if source.is_page and not source.listed:
                self.web.checked(source.key)
        before = self.ledger.unfinished(collection)
        self._forget_missing(plan, [entry for entry in before if entry.asked in plan.asked])
        pruned = Pruner(self.ingester.base, self.ledger).prune(collection, asked, plan) if prune else Pruned()
        wanted = [one for one in plan.sources.values() if only(one)]
        summary = self._take(collection, wanted, plan.skipped | pruned.skipped, on_progress)
        return replace(summary, forgotten=pruned.files, removed=pruned.records)

    def retry(self, collection: str, on_progress: Progress = lambda done, total: None) -> Summary:
        """Try again what failed or was never finished, whatever the number of attempts."""
        plan, entries = Plan(self.readers.limits), self.ledger.unfinished(collection)
        for asked in dict.fromkeys(entry.asked for entry in entries):
            try:
                plan.add(asked)
            except TryAgain:
                continue
        self._forget_missing(plan, entries)
        again = [plan.sources[entry.key] for entry in entries if entry.key in plan.sources]
        self.ledger.forgive(collection, [source.key for source in again])
        return self._take(collection, again, {}, on_progress)

    def _forget_missing(self, plan: Plan, entries: Sequence[Entry]) -> None:
        """What was never stored and is no longer there is no failure; what was, keeps its records and says so."""
        for entry in entries:
            if entry.key not in plan.sources:
                self.ledger.drop(entry.collection, [entry.key])
                self.ledger.fail(entry.collection, entry.key, "It is no longer there; what was stored of it stays.")

    def _take(self, collection: str, sources: Sequence[Source], skipped: dict[str, str], told: Progress) -> Summary:
        started, tally = time.monotonic(), Tally()
        if sources:
            ready(self.ingester.base, collection, self.ingester.encoders)
        self.ledger.enqueue(collection, ((source.key, source.name, source.asked) for source in sources))
        told(0, len(sources))
        try:
            for some in self._lots(collection, sources):
                Lot(self.ingester, self.ledger, self.readers, self.web, collection, tally).take(some)
                told(tally.done, len(sources))
        finally:
            self.readers.close()
        failed, seconds = tuple(tally.failed), time.monotonic() - started
        return Summary(tally.stored, tally.unchanged, tally.records, failed, tuple(skipped.items()), seconds)

    def _lots(self, collection: str, sources: Sequence[Source]) -> Iterator[Sequence[Source]]:
        """Some at once; at the end, each alone, those during which an earlier run ended: one of them may be why."""
        entries = self.ledger.entries(collection, [source.key for source in sources])
        begun = {key for key, entry in entries.items() if entry.attempts and entry.state in ("pending", "encoded")}
        calm = [source for source in sources if source.key not in begun]
        yield from (calm[at : at + SOURCES_AT_ONCE] for at in range(0, len(calm), SOURCES_AT_ONCE))
        yield from ([source] for source in sources if source.key in begun)
