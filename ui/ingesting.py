"""What the ingesting command does: take things in, watch folders, list what failed, try it again; and tell of it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from knowledge.problems import TryAgain
from ui.failures import stoppable
from ui.telling import line

if TYPE_CHECKING:
    from agent.settings import Settings
    from knowledge.ingestion import Ingestion, Summary
    from knowledge.ledger import Entry

COLLECTION = "lore"
"""Where things go if no collection is named: every prompt looks there."""
SHOWN = 20
"""Failures, and skipped files, that are told one by one."""


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for; no `collection` means every one, or `lore` where things go into it."""

    sources: tuple[str, ...]
    collection: str = ""
    watch: bool = False
    failed: bool = False
    retry: bool = False
    allow_urls: bool = False
    prune: bool = False

    def refuse_nonsense(self) -> None:
        if self.watch + self.failed + self.retry > 1:
            raise TryAgain("Only one of --watch, --failed and --retry can be done at once.")
        if self.sources and (self.failed or self.retry):
            raise TryAgain("--failed and --retry take no files: they go by what was ingested before.")
        if self.prune and not self.sources:
            raise TryAgain("--prune forgets what has left a folder: name the folder.")
        if not (self.sources or self.failed or self.retry):
            raise TryAgain("There is nothing to ingest: name files, folders or URLs.")


def obey(settings: Settings, wanted: Wanted) -> bool:
    """Whether nothing failed."""
    wanted.refuse_nonsense()
    if wanted.failed:
        return listed(settings, wanted.collection)
    from agent.workshop import open_ingestion
    from ui.orders import opened

    ingestion = open_ingestion(settings, opened(settings), wanted.allow_urls)
    if wanted.retry:
        return retry(ingestion, wanted.collection)
    name = wanted.collection or COLLECTION
    return (watch if wanted.watch else ingest)(ingestion, wanted.sources, name, wanted.prune)


def ingest(ingestion: Ingestion, sources: Sequence[str], collection: str, prune: bool) -> bool:
    with _bar(f"ingesting into {collection!r}") as told:
        summary = ingestion.run(sources, collection, told, prune=prune)
    _put(summarised(summary))
    return not summary.failed


def retry(ingestion: Ingestion, collection: str) -> bool:
    """Everything that failed before, in one collection or in every one."""
    well = True
    for name in dict.fromkeys(entry.collection for entry in ingestion.ledger.unfinished(collection)):
        with _bar(f"trying again in {name!r}") as told:
            summary = ingestion.retry(name, told)
        _put([line("collection", name), *summarised(summary)])
        well = well and not summary.failed
    return well


def watch(ingestion: Ingestion, folders: Sequence[str], collection: str, prune: bool) -> bool:
    """Until Ctrl-C."""
    from knowledge.watching import watch as watched

    stop = threading.Event()
    with stoppable(stop):
        watched(ingestion, folders, collection, stop, lambda summary: _put(summarised(summary)), prune=prune)
    return True


def listed(settings: Settings, collection: str) -> bool:
    """Tells what failed or was never finished, with the reason."""
    from agent.workshop import ledger

    entries = ledger(settings).unfinished(collection)
    _put([line(entry.collection, f"{entry.name}: {why(entry)}") for entry in entries] or ["Nothing failed."])
    return True


def why(entry: Entry) -> str:
    if entry.state != "failed":
        return "It was not finished: ingest it again, or --retry."
    return f"{entry.reason} (tried {'once' if entry.attempts == 1 else f'{entry.attempts} times'})"


def summarised(summary: Summary) -> list[str]:
    """A few calm lines: counts and rate, then what failed and what was skipped."""
    rate = f", {summary.stored / summary.seconds:.1f} a second" if summary.stored else ""
    return [
        line("stored", f"{summary.stored} ({summary.records} records) in {summary.seconds:.1f} s{rate}"),
        *([line("unchanged", str(summary.unchanged))] if summary.unchanged else []),
        *([line("forgotten", f"{summary.forgotten} ({summary.removed} records)")] if summary.forgotten else []),
        *_reasons("failed", summary.failed),
        *_reasons("skipped", summary.skipped),
    ]


def _reasons(what: str, reasons: Sequence[tuple[str, str]]) -> list[str]:
    first = [line(what, f"{name}: {reason}") for name, reason in reasons[:SHOWN]]
    return [*first, line(what, f"{len(reasons) - SHOWN} more")] if len(reasons) > SHOWN else first


def _put(lines: Sequence[str]) -> None:
    sys.stdout.write("".join(f"{one}\n" for one in lines))
    sys.stdout.flush()


class Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f}/s" if task.speed else "")


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeElapsedColumn())
    if not console.is_terminal:
        console.print(what, highlight=False)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
