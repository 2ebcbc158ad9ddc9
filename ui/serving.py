"""What `atelier serve` does: keeps a worker at work, and answers whoever knocks at a door."""

from __future__ import annotations

import signal
import socket
import sys
from types import FrameType
from typing import NoReturn

import uvicorn

from agent.desk import open_desk
from agent.settings import Settings
from agent.supervision import Supervision
from knowledge.problems import GiveUp
from ui.doors.guard import EVERYWHERE, guarding

DRAIN = 3
"""Seconds in which answers that are under way can come to their end."""


def serve(settings: Settings) -> None:
    """Until SIGTERM or Ctrl-C. Raises `GiveUp` where it may not, or cannot, listen."""
    guard = guarding(settings.host, settings.token.get_secret_value())
    # uvicorn raises the signal that ended it once more, when it is done
    signal.signal(signal.SIGTERM, _end)
    with listening(settings.host, settings.port) as door, Supervision(settings, _say):
        # here, since the worker starts meanwhile
        from ui.server import app

        _say(f"Atelier answers at {address(door)}; Ctrl-C ends it.")
        config = uvicorn.Config(
            app(open_desk(settings), guard),
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=DRAIN,
        )
        uvicorn.Server(config).run([door])


def listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, UnicodeError) as refused:
        why = refused.strerror if isinstance(refused, OSError) and refused.strerror else refused
        raise GiveUp(
            f"Atelier cannot listen at {host!r}, port {port} ({why}): choose another --port or --host."
        ) from None


def address(door: socket.socket) -> str:
    """What to type into a browser on this machine."""
    host, port = door.getsockname()[:2]
    host = "127.0.0.1" if host in EVERYWHERE else host
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _end(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)
