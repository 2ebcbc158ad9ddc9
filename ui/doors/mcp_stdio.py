"""The MCP door over stdin and stdout, for programs that start Atelier themselves."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from agent.desk import open_desk
from agent.settings import Settings
from agent.supervision import Supervision
from ui.doors.mcp_door import mcp_server


def speak(settings: Settings) -> None:
    """Until stdin ends. Where no worker has this data folder yet, one is at work meanwhile."""
    server = mcp_server(open_desk(settings))
    with nobody_else_on_stdout(), Supervision(settings, partial(print, file=sys.stderr, flush=True)):
        asyncio.run(server.run_stdio_async(show_banner=False, log_level="WARNING"))


@contextmanager
def nobody_else_on_stdout() -> Iterator[None]:
    """What a library prints, or the worker, goes to stderr: one foreign line would end the session."""
    before, sys.stdout = sys.stdout, os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        yield
    finally:
        with sys.stdout:
            os.dup2(sys.stdout.fileno(), 1)
        sys.stdout = before
