"""The program as a shell starts it: in this process, or in one of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner, Result

from ui.cli import app

COMMAND: tuple[str, ...] = (sys.executable, "-c", "from ui.cli import app; app()")


def atelier(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def interrupted(folder: Path, words: str, *arguments: str) -> tuple[int, str]:
    """Ctrl-C once a line on stderr has these words: the exit code, and what is on stderr after that line."""
    command = [*COMMAND, *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=folder, env=dict(os.environ)) as started:
        assert started.stderr
        while words not in started.stderr.readline():
            assert started.poll() is None
        started.send_signal(signal.SIGINT)
        said = started.stderr.read()
    return started.returncode, said
