"""Gives a collection the vectors of other encoders while the old version still answers."""

from __future__ import annotations

from collections.abc import Callable

from knowledge.base import Report
from knowledge.ingest import Ingester
from knowledge.problems import TryAgain
from knowledge.versions import stale, version_of

PAGE = 256
"""Records read and encoded at once."""


def reencode(ingester: Ingester, name: str, on_progress: Callable[[int, int], None] | None = None) -> Report:
    """
    Encode every record anew and move the name to the result; until then, and if anything fails, the old serves.

    A record that cannot be encoded (its picture is gone, say) stops the move, and the report names it. Raises
    `TryAgain` for a collection that no name points to: nothing could be moved.
    """
    base, encoders = ingester.base, ingester.encoders
    if not stale(base, name, encoders):
        return Report()
    if name not in base.aliases():
        raise TryAgain(f"The collection {name!r} has one version only: ingest its records under another name.")
    old, new = base.about(name), version_of(name, encoders)
    base.ensure(new, encoders.spaces())
    after, stored, failed = "", list[str](), list[tuple[str, str]]()
    while ids := base.ids(old.name, after, PAGE):
        report = ingester.add(new, base.get(old.name, ids))
        stored += report.stored
        failed += report.failed
        after = ids[-1]
        if on_progress:
            on_progress(len(stored) + len(failed), old.records)
    if not failed:
        base.point(name, new)
        base.drop(old.name)
    return Report(tuple(stored), tuple(failed))
