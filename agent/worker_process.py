"""The process that works: it opens the workshop, and ends when the program that started it says so or is gone."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from agent.closing import Closing
from knowledge.problems import GiveUp, Problem

if TYPE_CHECKING:
    from agent.settings import Settings

GRACE = 20.0
"""Seconds to finish what is running once it is told to stop."""
LINGER = 2.0
"""Seconds after which it ends in any case."""
TAKEN = 75
"""The exit code where another worker has this data folder."""


def lock_of(data: Path) -> FileLock:
    """Held by the one worker of a data folder; the system lets go of that of a killed process."""
    return FileLock(data / "worker.lock", thread_local=False)


def locked(data: Path) -> FileLock | None:
    """None while another has it. Raises `GiveUp` where the folder cannot be used."""
    lock = lock_of(data)
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        return None
    except OSError as refused:
        why = refused.strerror or refused
        raise GiveUp(f"The data folder cannot be used ({why}): set ATELIER_DATA to a writable folder.") from None
    return lock


def work(lifeline: Connection, settings: Settings) -> None:
    """Says its workshop's lines, or why it cannot be opened; whatever it hears is the order to stop."""
    # Ctrl-C in a terminal reaches every process there: what it means is for the program to say
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lock = locked(settings.data)
    if lock is None:
        os._exit(TAKEN)
    closing = Closing()
    threading.Thread(target=_listen, args=(lifeline, closing), daemon=True).start()
    try:
        asyncio.run(_work(settings, closing, lifeline))
    except Problem as problem:
        _say(lifeline, str(problem))
        os._exit(2)


async def _work(settings: Settings, closing: Closing, lifeline: Connection) -> None:
    from agent.assistant import opened
    from agent.cast import cast
    from agent.conversations import Conversations
    from agent.desk import open_journal
    from agent.work import every_kind
    from agent.worker import Worker
    from agent.workshop import open_workshop
    from knowledge.leases import Leases

    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # Windows has no such signal; it is told through the lifeline
        loop.add_signal_handler(signal.SIGTERM, closing.within, GRACE)
    workshop = open_workshop(settings)
    parts = cast(settings, workshop.bench)
    async with opened(parts, Conversations(settings.data / "conversations")) as assistant:
        leases = Leases(open_journal(settings), secrets.token_hex(8))
        leases.inherit()
        kinds = every_kind(parts, assistant, workshop.bench.hit_rates)
        _say(lifeline, workshop.lines)
        worker = Worker(leases, kinds, parts.log, keep_days=settings.keep_days, closing=closing)
        if not await worker.go_on():
            # at once: threads that draw what was put back would be waited for
            os._exit(0)


def _listen(lifeline: Connection, closing: Closing) -> None:
    try:
        lifeline.recv()
        grace = GRACE
    except (EOFError, OSError):
        grace = 0.0
    closing.within(grace)
    threading.Event().wait(grace + LINGER)
    os._exit(1)


def _say(lifeline: Connection, what: object) -> None:
    # whoever is gone is noticed where it is listened to
    with suppress(OSError):
        lifeline.send(what)
