"""Keeps collections of the knowledge base equal to lists of records, and does nothing while they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.data_folder import write_whole
from knowledge.ingest import Ingester
from knowledge.problems import GiveUp
from knowledge.records import LoraCard, Lore, Reference
from knowledge.reencoding import reencode
from knowledge.versions import stale


@dataclass(frozen=True)
class Starter:
    """`ledger` is a JSON file that remembers what was put where, so that records of the user's own stay."""

    ingester: Ingester
    ledger: Path

    def fill(self, collection: str, records: Sequence[Lore | Reference | LoraCard]) -> bool:
        """Whether there was anything to do. Raises `GiveUp` if a record cannot be stored."""
        base, ids = self.ingester.base, [record.id for record in records]
        said = hashlib.sha256("\n".join(record.model_dump_json() for record in records).encode()).hexdigest()
        ledger = self._read()
        before = ledger.get(collection, {"records": "", "ids": []})
        there = collection in base.aliases()
        if there and stale(base, collection, self.ingester.encoders):
            reencode(self.ingester, collection)
        if there and before["records"] == said:
            return False
        report = self.ingester.add(collection, records)
        if report.failed:
            record_id, why = report.failed[0]
            raise GiveUp(f"The record {record_id!r} cannot be kept in {collection!r}: {why}")
        base.delete(collection, sorted(set(before["ids"]) - set(ids)))
        ledger[collection] = {"records": said, "ids": ids}
        write_whole(self.ledger, json.dumps(ledger, indent=1).encode())
        return True

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            return json.loads(self.ledger.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
