"""Keeps a data folder's worker at work: starts it, and starts it again whenever it falls."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Self

from agent.settings import Settings
from agent.worker_process import GRACE, LINGER, TAKEN, locked, work
from tools.engine.worker_process import ended_by

GLANCE = 0.2
"""Seconds between two looks at whether this is over."""
PAUSE, LONGEST = 2.0, 30.0
"""Seconds before what fell before it was ready is started again: twice as many each time, up to the longest."""


@dataclass(eq=False)
class Supervision:
    """
    A context in which there is a worker, unless another program has one on this data folder already.

    `say` is given a line for people, from another thread. However this process ends, its worker ends with it.
    """

    settings: Settings
    say: Callable[[str], None]
    _process: SpawnProcess | None = field(default=None, init=False)
    _ready: bool = field(default=False, init=False)
    _over: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread = field(init=False)

    @property
    def pid(self) -> int | None:
        """Of the worker, while there is one."""
        return self._process and self._process.pid

    def __enter__(self) -> Self:
        """Raises `GiveUp` where the data folder cannot be used."""
        self._vacant()
        self._thread = threading.Thread(target=self._run, name="supervision", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """The worker finishes what it has in hand, as far as it can within its grace."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        pause = PAUSE
        while not self._over.is_set():
            if not self._vacant():
                self._over.wait(GLANCE)
                continue
            how = self._employed()
            if how != TAKEN and not self._over.is_set():
                self.say(f"the worker ended by {ended_by(how)}, and is started again")
            pause = PAUSE if self._ready else min(LONGEST, 2 * pause)
            if not self._ready:
                self._over.wait(pause)

    def _vacant(self) -> bool:
        if lock := locked(self.settings.data):
            lock.release()
        return lock is not None

    def _employed(self) -> int | None:
        """How one worker ended that was started here."""
        self._ready = False
        spawn = get_context("spawn")
        ours, theirs = spawn.Pipe()
        # no daemon, since it may have processes of its own
        process = spawn.Process(target=work, args=(theirs, self.settings), name="atelier-worker")
        try:
            process.start()
            theirs.close()
            self._process = process
            self._attend(process, ours)
        except OSError as refused:
            self.say(f"the worker cannot be started ({refused})")
            return TAKEN
        finally:
            self._process = None
            ours.close()
        return process.exitcode

    def _attend(self, process: SpawnProcess, link: Connection) -> None:
        """Until it has ended, which is asked for when this is over."""
        while process.is_alive() and not self._over.is_set():
            if link in wait([link, process.sentinel], GLANCE):
                self._hear(link, process)
        with suppress(OSError):
            link.send("stop")
        process.join(GRACE + 2 * LINGER)
        process.kill()
        process.join()

    def _hear(self, link: Connection, process: SpawnProcess) -> None:
        try:
            said = link.recv()
        except (EOFError, OSError):
            process.join()
            return
        self._ready = isinstance(said, tuple)
        self.say(f"worker {process.pid}: {' · '.join(said) if self._ready else said}")
