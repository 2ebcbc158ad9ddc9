"""Vectors already made, kept by encoder and content, so that nothing is encoded twice and no model loads for it."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from knowledge.embedders import Embedder, TextEmbedder
from knowledge.sqlite_store import connect, transaction

MOST = 100_000
"""Vectors kept; the ones made first go first."""
TABLE = "CREATE TABLE IF NOT EXISTS made(number INTEGER PRIMARY KEY, key BLOB UNIQUE NOT NULL, vector BLOB NOT NULL)"


@dataclass(frozen=True)
class EncodingCache:
    """One SQLite file. It may be lost at any time: a damaged or unwritable one is passed over."""

    path: Path

    def rows(
        self, keys: Sequence[bytes], make: Callable[[list[int]], NDArray[np.float32]], dim: Callable[[], int]
    ) -> NDArray[np.float32]:
        """The vectors of those keys, shape (n, dim); `make` gives those of the places where none was kept."""
        kept = self._kept(keys)
        missing = list({key: place for place, key in enumerate(keys) if key not in kept}.values())
        if missing:
            fresh = {keys[place]: row for place, row in zip(missing, make(missing), strict=True)}
            self._keep(fresh)
            kept |= fresh
        return np.stack([kept[key] for key in keys]) if keys else np.empty((0, dim()), np.float32)

    def _kept(self, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        try:
            with closing(self._open()) as db:
                found = [db.execute("SELECT key, vector FROM made WHERE key=?", (key,)).fetchone() for key in keys]
        except (sqlite3.DatabaseError, OSError):
            return {}
        return {row[0]: np.frombuffer(row[1], "<f4") for row in found if row}

    def _keep(self, fresh: dict[bytes, NDArray[np.float32]]) -> None:
        rows = [(key, np.ascontiguousarray(row, "<f4").tobytes()) for key, row in fresh.items()]
        with suppress(sqlite3.DatabaseError, OSError), closing(self._open()) as db, transaction(db):
            db.executemany("INSERT OR IGNORE INTO made(key, vector) VALUES (?, ?)", rows)
            db.execute("DELETE FROM made WHERE number <= (SELECT max(number) FROM made) - ?", (MOST,))

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        db = connect(self.path)
        db.execute(TABLE)
        return db


@dataclass(frozen=True)
class CachedTextEmbedder:
    """A `TextEmbedder` that asks another only for what the cache has not."""

    embedder: TextEmbedder
    cache: EncodingCache

    @property
    def fingerprint(self) -> str:
        return self.embedder.fingerprint

    @property
    def dim(self) -> int:
        return self.embedder.dim

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        keys = [self.key("text", text.encode("utf-8", "surrogatepass")) for text in texts]
        return self.cache.rows(keys, lambda some: self.embedder.texts([texts[i] for i in some]), lambda: self.dim)

    def key(self, what: str, content: bytes) -> bytes:
        return hashlib.sha256(b"\0".join((self.fingerprint.encode(), what.encode(), content))).digest()


@dataclass(frozen=True)
class CachedEmbedder(CachedTextEmbedder):
    """An `Embedder` likewise."""

    embedder: Embedder

    def images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        keys = [self.key(f"{image.mode} {image.size}", image.tobytes()) for image in images]
        return self.cache.rows(keys, lambda some: self.embedder.images([images[i] for i in some]), lambda: self.dim)
