"""Full text of one collection: words to records by BM25, through SQLite's FTS5."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from knowledge.field_index import Selection
from knowledge.sqlite_store import among

TABLE = "CREATE VIRTUAL TABLE words USING fts5(text, tokenize='porter unicode61')"
GATHERED = "INSERT INTO words(words, rank) VALUES ('hashsize', 8000000)"
"""Bytes of words gathered in memory before they are written: at SQLite's own 1 MB, thousands of records at once leave
many small pieces to be merged. A commit writes what there is in any case."""
MOST_WORDS = 64
STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be but by for from has have if in into is it its no not of on or such that the their then "
        "there these they this to was were will with",
    )
)
"""Words nearly every English record has: they cost most of a search and decide nothing of its order."""


def expression(text: str) -> str:
    """Any text as an FTS5 expression: its words, quoted, any of which may match; empty if there are none."""
    words = list(dict.fromkeys(re.findall(r"[^\W_]+", text.lower())))
    telling = [word for word in words if word not in STOP_WORDS] or words
    return " OR ".join(f'"{word}"' for word in telling[:MOST_WORDS])


@dataclass(frozen=True)
class WordIndex:
    """Works inside the transactions of the collection that owns it."""

    db: sqlite3.Connection

    def put(self, numbers: Iterable[int], texts: Iterable[str]) -> None:
        self.db.executemany("INSERT INTO words(rowid, text) VALUES (?, ?)", zip(numbers, texts, strict=True))

    def remove(self, numbers: Sequence[int]) -> None:
        list(among(self.db, "DELETE FROM words WHERE rowid IN ({})", numbers))

    def best(self, text: str, allowed: Selection | None, depth: int) -> dict[int, float]:
        """The `depth` best records by number, with their BM25 scores; of equals, the first stored."""
        if not (words := expression(text)):
            return {}
        if allowed is not None:
            allowed.let_pass(self.db)
        passing = "" if allowed is None else "AND passes(rowid) "
        sql = f"SELECT rowid, -bm25(words) FROM words WHERE words MATCH ? {passing}ORDER BY bm25(words), rowid LIMIT ?"
        return dict(self.db.execute(sql, (words, depth)))

    def tidy(self) -> None:
        """Merge the index into one piece, without what was removed."""
        self.db.execute("INSERT INTO words(words) VALUES ('optimize')")
