"""One name, and behind it a collection for each set of encoders: the name moves when the new one is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from knowledge.base import KnowledgeBase
from knowledge.embedders import Encoders
from knowledge.problems import GiveUp, TryAgain


def version_of(name: str, encoders: Encoders) -> str:
    marks = " ".join(f"{space} {encoder}" for space, encoder in encoders.fingerprints().items())
    return f"{name} {hashlib.sha256(marks.encode()).hexdigest()[:8]}"


def names(aliases: Mapping[str, str], collections: Iterable[str]) -> list[str]:
    """Those that people use: the aliases, and the collections that have none."""
    return sorted({*aliases, *collections} - {*aliases.values()})


def none_named(name: str, there: Iterable[str]) -> TryAgain:
    """What is said of a collection that is not there."""
    listed = ", ".join(map(repr, there)) or "none yet: ingest something first"
    return TryAgain(f"There is no collection {name[:60]!r}; there are: {listed}.")


def stale(base: KnowledgeBase, name: str, encoders: Encoders) -> bool:
    """Whether other encoders than these filled the collection."""
    return {space.name: space.encoder for space in base.spaces(name)} != encoders.fingerprints()


def ready(base: KnowledgeBase, name: str, encoders: Encoders) -> None:
    """Make a collection of that name usable with these encoders; raise `GiveUp` if others filled it."""
    if name not in (*base.aliases(), *base.collections()):
        base.ensure(version_of(name, encoders), encoders.spaces())
        base.point(name, version_of(name, encoders))
    elif stale(base, name, encoders):
        raise GiveUp(f"The collection {name!r} was made with another encoder: run atelier knowledge reencode {name!r}.")
