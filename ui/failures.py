"""How a command ends badly: one sentence and exit code 2, an id and 1 for a crash, 130 when stopped."""

from __future__ import annotations

import errno
import signal
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import typer

from knowledge.problems import Problem

STOPPED = 130
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG}


@contextmanager
def told() -> Iterator[None]:
    """Turns what goes wrong inside into words on stderr and an exit code."""
    try:
        yield
    except typer.Exit:
        raise
    except Problem as problem:
        _end(str(problem), 2)
    except KeyboardInterrupt:
        _end("Stopped; nothing is left half-written.", STOPPED)
    except Exception as surprise:
        from tools.renderer import Cancelled

        if isinstance(surprise, Cancelled):
            _end("Stopped; nothing is left half-written.", STOPPED)
        if isinstance(surprise, OSError) and surprise.errno in FULL | CLOSED:
            _end(_sentence(surprise), 2)
        _end(crash(), 1)


@contextmanager
def stoppable(cancelled: threading.Event) -> Iterator[None]:
    """Ctrl-C sets the event and interrupts: the first reaches other threads, the second this one."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        cancelled.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _end(sentence: str, code: int) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(code)


def _sentence(refused: OSError) -> str:
    where = f" {str(refused.filename)!r}" if refused.filename else ""
    if refused.errno in FULL:
        return f"The disk is full{where and f' at{where}'}; free some space and try again."
    return f"Cannot write{where} ({str(refused.strerror).lower()}); name another place with -o, or set ATELIER_DATA."


def crash() -> str:
    """What people are told of the exception that is being handled."""
    from agent.crash_log import CrashLog
    from agent.settings import read_settings

    said = traceback.format_exc()
    try:
        log = CrashLog(read_settings().data / "logs")
        crash_id = log.keep(said)
    except (OSError, Problem):
        return f"Internal error; its details could not be saved:\n{said}"
    return f"Internal error {crash_id}; its details are in {str(log.path(crash_id))!r}."
