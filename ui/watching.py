"""Drawings under way in several threads: their steps on stderr, and one Ctrl-C for all of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn

from ui.failures import stoppable

if TYPE_CHECKING:
    from tools.call import Call

AT_ONCE = 16
"""Pictures: as many as the engine draws together."""


def columns() -> tuple[ProgressColumn, ...]:
    """What a drawing is, how far it is, and for how long it has been drawn; fresh, since they remember their tasks."""
    return TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()


@dataclass(frozen=True)
class Watch:
    """The steps of all drawings, shown on stderr; one event stops them all."""

    bars: Progress
    console: Console
    cancelled: threading.Event

    @contextmanager
    def call(self, what: str) -> Iterator[Call]:
        """For one drawing, in whichever thread; its bar is there for as long as it works."""
        from tools.call import Call

        if not self.console.is_terminal:
            self.console.print(what, highlight=False)
        task = self.bars.add_task(what, total=None)
        try:
            yield Call(lambda done, total: self.bars.update(task, completed=done, total=total), self.cancelled)
        finally:
            self.bars.remove_task(task)


@contextmanager
def watching() -> Iterator[Watch]:
    """Ctrl-C stops what is drawn in this block."""
    cancelled, console = threading.Event(), Console(stderr=True)
    with stoppable(cancelled), Progress(*columns(), console=console, disable=not console.is_terminal) as bars:
        yield Watch(bars, console, cancelled)


@contextmanager
def at_once(cancelled: threading.Event) -> Iterator[ThreadPoolExecutor]:
    """Threads for as many pictures as the engine has in hand; if the block breaks, all of them are to stop."""
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        yield pool
    except BaseException:
        cancelled.set()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
