"""One process that draws, from its start to its end, as the program sees it."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from tools.engine.messages import Began, Ended, Question, Stop, Told
from tools.engine.worker import work

GRACE = 2.0
"""Seconds in which it ends by itself once nobody listens."""


@dataclass(eq=False)
class WorkerProcess:
    pid: int
    process: SpawnProcess
    link: Connection
    ready: bool = False
    """Whether its renderer is made."""
    since: float = field(default_factory=time.monotonic)

    @classmethod
    def started(cls, make: bytes) -> WorkerProcess:
        """Raises `OSError` where the machine has no room for it."""
        spawn = get_context("spawn")
        ours, theirs = spawn.Pipe()
        process = spawn.Process(target=work, args=(theirs, make), name="atelier-worker", daemon=True)
        try:
            process.start()
        finally:
            # as long as this end is open here, too, its end would not be heard
            theirs.close()
        assert process.pid is not None
        return cls(process.pid, process, ours)

    def say(self, message: Question | Stop) -> None:
        # that it is gone is heard, with what it said before
        with suppress(OSError):
            self.link.send(message)

    def heard(self) -> Iterator[Began | Told | Ended]:
        """What it has said by now. Raises `EOFError` or `OSError` if it is gone, but not before its last word."""
        gone = not self.process.is_alive()
        while self.link.poll():
            yield self.link.recv()
        if gone:
            raise EOFError

    def end(self) -> str:
        """Make sure that it is gone, and say how it went."""
        self.link.close()
        self.process.join(GRACE)
        self.process.kill()
        self.process.join()
        code = self.process.exitcode
        # where another part of the program has waited for it, how it went is not known
        with suppress(ValueError):
            self.process.close()
        return ended_by(code)


def ended_by(code: int | None) -> str:
    """An exit code as people say it; negative is a signal."""
    if code is not None and code < 0:
        with suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"
