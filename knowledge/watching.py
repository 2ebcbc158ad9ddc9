"""Looks at folders again and again, and ingests what is new or changed and has come to rest."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from knowledge.ingestion import Ingestion, Summary
from knowledge.problems import TryAgain
from knowledge.readers.folders import folders
from knowledge.readers.source import Source

Stamp = tuple[int, int, int]
"""Bytes, time of change in ns, and the number of the file."""
REST = 4
"""How much longer than looking the pause after it is at least: a slow drive has other users."""


@dataclass
class Watch:
    """
    Files of folders by their stamps. They are looked at, because no notice of what others write to it comes from a
    network drive.
    """

    roots: Sequence[Path]
    seen: dict[Path, Stamp] = field(default_factory=dict)
    given: dict[Path, Stamp] = field(default_factory=dict)
    gone: set[Path] = field(default_factory=set)
    """What was given and has been away for two looks: one that is being replaced is away for a moment."""

    def look(self) -> set[Path]:
        """What changed since it was last given and lay still since the last look: a half-written file does not."""
        now = {file: stamp for root in self.roots for file, stamp in stamps(root).items()}
        still = {file for file, stamp in now.items() if self.seen.get(file) == stamp != self.given.get(file)}
        self.gone = self.given.keys() - now.keys() - self.seen.keys()
        self.given = {file: stamp for file, stamp in self.given.items() if file not in self.gone}
        self.seen = now
        self.given.update({file: now[file] for file in still})
        return still


def watch(
    ingestion: Ingestion,
    asked: Sequence[str],
    collection: str,
    stop: threading.Event,
    on_summary: Callable[[Summary], None],
    pause: float = 2.0,
    prune: bool = False,
) -> None:
    """
    Ingest what is in the folders, then what is put into them or changed, until `stop`; `pause` in seconds. With `prune`
    what is taken out of them is forgotten.

    Raises `TryAgain` for what is no folder, and what `Ingestion.run` raises.
    """
    for one in asked:
        if not os.path.isdir(os.path.expanduser(one)):
            raise TryAgain(f"{one!r} is no folder: name folders to be watched.")
    watched = Watch([Path(os.path.realpath(os.path.expanduser(one))) for one in asked])
    watched.look()
    watched.given = dict(watched.seen)
    on_summary(ingestion.run(asked, collection, prune=prune))
    took = 0.0
    while not stop.wait(max(pause, REST * took)):
        began = time.monotonic()
        changed, took = watched.look(), time.monotonic() - began
        if changed or (prune and watched.gone):
            only = partial(concerns, changed=changed)
            on_summary(ingestion.run(asked, collection, only=only, prune=prune))


def concerns(source: Source, changed: set[Path]) -> bool:
    """Whether the source is among the files, or one of them speaks of it."""
    return not changed.isdisjoint({source.path, source.listed, *source.beside})


def stamps(root: Path) -> dict[Path, Stamp]:
    found: dict[Path, Stamp] = {}
    for folder in folders("", root):
        for file in folder.files.values():
            try:
                info = file.stat()
            except OSError:  # gone since it was listed
                continue
            found[file] = (info.st_size, info.st_mtime_ns, info.st_ino)
    return found
