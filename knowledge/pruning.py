"""Forgets what was ingested from files that have left their folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from knowledge.base import KnowledgeBase
from knowledge.ledger import Ledger
from knowledge.readers.folders import shown
from knowledge.readers.plan import Plan

EMPTY = "Nothing is in it any more, as if its drive were not there: what was learnt from it stays."


@dataclass
class Pruned:
    """How many files were forgotten, with how many records; and the folders left alone, with the reason."""

    files: int = 0
    records: int = 0
    skipped: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pruner:
    base: KnowledgeBase
    ledger: Ledger

    def prune(self, collection: str, asked: Iterable[str], plan: Plan) -> Pruned:
        """Of the folders among what was asked for; a record that another source has too stays."""
        pruned = Pruned()
        for root in folders(asked):
            if not any(source.path and source.path.is_relative_to(root) for source in plan.sources.values()):
                pruned.skipped[shown(root)] = EMPTY
                continue
            for key in self.ledger.below(collection, shown(root)):
                if key not in plan.sources and gone(key):
                    pruned.files += 1
                    pruned.records += self._forget(collection, key)
        return pruned

    def _forget(self, collection: str, key: str) -> int:
        # The ledger last: what a killed process leaves half forgotten is forgotten by the next run.
        only = self.ledger.only_from(collection, key)
        count = self.base.delete(collection, only) if only else 0
        self.ledger.forget(collection, key)
        return count


def folders(asked: Iterable[str]) -> Iterator[Path]:
    paths = (os.path.realpath(os.path.expanduser(one)) for one in asked)
    return (Path(path) for path in dict.fromkeys(paths) if os.path.isdir(path))


def gone(key: str) -> bool:
    """Whether the file is known not to be there; one that only cannot be looked at is not."""
    try:
        os.lstat(key)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False
