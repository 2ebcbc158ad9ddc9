"""Journals whose jobs seem to be of long ago."""

from __future__ import annotations

from knowledge.journal import Journal


def aged(journal: Journal, days: float) -> None:
    """All that was asked and done so far is so much older."""
    with journal.writing() as db:
        db.execute("UPDATE job SET asked = asked - :s, until = until - :s", {"s": days * 24 * 60 * 60})
