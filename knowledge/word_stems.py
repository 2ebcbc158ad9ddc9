"""Words as the embedded base counts them, for a store that splits and stems otherwise: SQLite's own tokenizer."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence

from knowledge.word_index import TABLE, expression


def stems(texts: Sequence[str]) -> list[list[str]]:
    """For each text (valid Unicode) its words in order: lower case, without accents, stemmed."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    try:
        db.execute(TABLE)
        db.execute("CREATE VIRTUAL TABLE said USING fts5vocab(words, instance)")
        db.executemany("INSERT INTO words(rowid, text) VALUES (?, ?)", enumerate(texts))
        found: list[list[str]] = [[] for _ in texts]
        for place, stem in db.execute("SELECT doc, term FROM said ORDER BY doc, offset"):
            found[place].append(stem)
        return found
    finally:
        db.close()


def asked_for(text: str) -> list[str]:
    """The stems of the words that the embedded base would look for."""
    return stems([" ".join(re.findall(r'"(.+?)"', expression(text)))])[0]
