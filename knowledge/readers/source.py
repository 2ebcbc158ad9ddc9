"""One thing to ingest, how it is known, and the mark of its content."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from knowledge.problems import TryAgain
from knowledge.readers.limits import Limits, kind_of, opened
from knowledge.records import LoraCard, Lore, Reference

Reading = Mapping[str, tuple[Lore | Reference | LoraCard, ...]]
"""The records by part. A file is one part named ""; a feed has one for each post, because old posts leave it and stay
known."""
MADE = re.compile(r"[0-9a-f]{32}")
"""What `Source.record_id` makes."""
EDITION = "1"
"""Changes when the readers make other records of the same bytes, so that everything is read again."""


@dataclass(frozen=True)
class Source:
    """
    A file or a URL. `key` is what the ledger knows it by, `name` what people do, `asked` what the user named.

    `beside` are its sidecars, `row` what the table `listed` says of a picture; `trouble` is why it cannot be read,
    where that is known already. A URL has no `path` until it is fetched.
    """

    key: str
    name: str
    asked: str
    path: Path | None = None
    beside: tuple[Path, ...] = ()
    row: Mapping[str, str] = field(default_factory=dict)
    listed: Path | None = None
    trouble: str = ""

    @property
    def is_page(self) -> bool:
        """Whether it has yet to be fetched."""
        return self.path is None and not self.trouble

    @property
    def file(self) -> Path:
        if self.trouble or self.path is None:
            raise TryAgain(self.trouble or f"{self.name!r} was not fetched: try again.")
        return self.path

    def record_id(self, *said: str) -> str:
        """The same for the same words of the same source, so that what a new version keeps is not stored anew."""
        return hashlib.sha256("\0".join((self.key, *said)).encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def digest(self, limits: Limits) -> str:
        """SHA-256 of everything its records are made from; raises `TryAgain` if it cannot be read."""
        mark = hashlib.sha256(f"{EDITION} {json.dumps(dict(self.row), sort_keys=True)}".encode())
        for path in (self.file, *self.beside):
            most = limits.bytes[kind_of(path)] if path == self.path else max(limits.bytes.values())
            with opened(path, most) as file:
                mark.update(hashlib.file_digest(file, "sha256").digest())
        return mark.hexdigest()
