"""Some sources at once on their way into a collection: told apart from what is there, read, encoded, stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import NamedTuple

from knowledge.ingest import AT_ONCE, Ingester
from knowledge.ledger import Claim, Ledger
from knowledge.problems import TryAgain
from knowledge.readers.readers import Readers
from knowledge.readers.source import MADE, Reading, Source
from knowledge.records import LoraCard, Lore, Reference
from knowledge.web import Web

ATTEMPTS = 3
"""At one content of one source."""
ENDED = f"Atelier ended {ATTEMPTS} times while it read this: take it away, or try it again by itself."


@dataclass
class Tally:
    """What has become of the sources so far; `failed` by name, with the reason."""

    stored: int = 0
    unchanged: int = 0
    records: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)

    @property
    def done(self) -> int:
        return self.stored + self.unchanged + len(self.failed)


class Seen(NamedTuple):
    """A source at hand, with the mark of its content; `trouble` is why it has none."""

    source: Source
    mark: str
    trouble: str = ""


class Read(NamedTuple):
    source: Source
    reading: Reading

    @property
    def records(self) -> list[Lore | Reference | LoraCard]:
        return [record for records in self.reading.values() for record in records]

    @property
    def named(self) -> list[Lore | Reference]:
        """Those whose id somebody chose. That of a card does not count: equal files of several names are one LoRA."""
        chosen = (record for record in self.records if not isinstance(record, LoraCard))
        return [record for record in chosen if not MADE.fullmatch(record.id)]

    @property
    def claims(self) -> list[Claim]:
        parts = self.reading.items()
        return [Claim(self.source.key, part, record.id) for part, records in parts for record in records]


@dataclass(frozen=True)
class Lot:
    """The collection has been made ready for the ingester's encoders."""

    ingester: Ingester
    ledger: Ledger
    readers: Readers
    web: Web
    collection: str
    tally: Tally

    def take(self, sources: Sequence[Source]) -> None:
        with TemporaryDirectory() as folder:
            seen = [self._see(source, Path(folder)) for source in sources]
            fresh = self._without_known(seen)
            self.ledger.begin(self.collection, [(one.source.key, one.mark) for one in fresh])
            reads = [read for one in fresh if (read := self._read(one))]
        self._store(self._without_clashes(reads))

    def _see(self, source: Source, folder: Path) -> Seen:
        try:
            if source.is_page:
                source = replace(source, path=self.web.fetch(source.key, Path(mkdtemp(dir=folder))))
            return Seen(source, source.digest(self.readers.limits))
        except (TryAgain, OSError) as problem:
            return Seen(source, "", worded(source, problem))

    def _without_known(self, seen: Sequence[Seen]) -> list[Seen]:
        """Those that are neither stored as they are nor given up."""
        entries = self.ledger.entries(self.collection, [one.source.key for one in seen])
        whole = self._whole([one.source.key for one in seen if entries[one.source.key].state == "stored"])
        fresh: list[Seen] = []
        for one in seen:
            entry = entries[one.source.key]
            if entry.hash != one.mark or (entry.attempts < ATTEMPTS and entry.key not in whole):
                fresh.append(one)
            elif entry.state == "stored":
                self.tally.unchanged += 1
            else:
                self._fail(one.source, entry.reason if entry.state == "failed" else ENDED)
        return fresh

    def _whole(self, keys: Sequence[str]) -> set[str]:
        """The sources all of whose records are still there."""
        base, claims = self.ingester.base, self.ledger.claims(self.collection, keys)
        there = {record.id for record in base.get(self.collection, sorted(set().union(*claims.values())))}
        return {key for key, ids in claims.items() if ids <= there}

    def _read(self, seen: Seen) -> Read | None:
        try:
            if not seen.trouble:
                return Read(seen.source, self.readers.read(seen.source))
        except (TryAgain, OSError) as problem:
            seen = seen._replace(trouble=worded(seen.source, problem))
        self._fail(seen.source, seen.trouble)
        return None

    def _without_clashes(self, reads: Sequence[Read]) -> list[Read]:
        """Those whose records do not replace another source's."""
        ids = [record.id for read in reads for record in read.named]
        there = {record.id: record for record in self.ingester.base.get(self.collection, ids)}
        claimants = self.ledger.claimants(self.collection, ids)
        free: list[Read] = []
        for read in reads:
            own = {read.source.key}
            taken = [one.id for one in read.named if there.get(one.id, one) != one and claimants[one.id] != own]
            if taken:
                self._fail(read.source, f"The id {taken[0][:60]!r} in it is another source's: give it another id.")
            else:
                there |= {record.id: record for record in read.named}
                free.append(read)
        return free

    def _store(self, reads: Sequence[Read]) -> None:
        pairs = [pair for read in reads for pair in zip(read.claims, read.records, strict=True)]
        refused: dict[str, str] = {}
        for start in range(0, len(pairs), AT_ONCE):
            claims, records = zip(*pairs[start : start + AT_ONCE], strict=True)
            encoded = self.ingester.encode(self.collection, records)
            self.ledger.encoded(self.collection, claims)
            report = self.ingester.store(self.collection, encoded)
            self.tally.records += len(report.stored)
            refused |= dict(report.failed)
        self._finish(reads, refused)

    def _finish(self, reads: Sequence[Read], refused: dict[str, str]) -> None:
        """The new version is in the collection: only now does what it no longer says leave."""
        done: list[tuple[str, list[str], list[str]]] = []
        for source, reading in reads:
            ids = [record.id for records in reading.values() for record in records]
            if bad := [refused[record_id] for record_id in ids if record_id in refused]:
                self._fail(source, f"{len(bad)} of its {len(ids)} records could not be kept: {bad[0]}")
                continue
            if gone := self.ledger.obsolete(self.collection, source.key, list(reading), set(ids)):
                self.ingester.base.delete(self.collection, gone)
            done.append((source.key, list(reading), ids))
        self.ledger.stored(self.collection, done)
        self.tally.stored += len(done)

    def _fail(self, source: Source, reason: str) -> None:
        self.ledger.fail(self.collection, source.key, reason)
        self.tally.failed.append((source.name, reason))


def worded(source: Source, problem: TryAgain | OSError) -> str:
    if isinstance(problem, TryAgain):
        return str(problem)
    return f"{source.name!r} cannot be read ({problem.strerror or problem}): try again later."
