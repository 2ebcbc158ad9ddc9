"""The process that parses strangers' documents, seen from this side: asked, timed, ended and started again."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from knowledge.problems import TryAgain
from knowledge.readers.limits import Limits
from knowledge.recipe import Value

SCRIPT = Path(__file__).with_name("page_parser.py")


class Document(Value):
    """What one document says: texts with the place each stands at, such as a page. `id` tells a feed's posts apart."""

    id: str
    title: str
    link: str
    texts: tuple[tuple[str, str], ...]


class Answer(Value):
    documents: tuple[Document, ...] = ()
    refused: str = ""


@dataclass
class PageProcess:
    """Started when it is first asked, and again after a document made it end. For one thread at a time."""

    limits: Limits
    _running: list[subprocess.Popen[str]] = field(default_factory=list, repr=False)

    def documents(self, path: Path, kind: Literal["pdf", "html", "feed"]) -> tuple[Document, ...]:
        """Raises `TryAgain` for what cannot be parsed within the limits."""
        late = threading.Event()
        said = self._asked(json.dumps([str(path), kind]), late)
        if not said.endswith("\n"):
            self.close()
            slow = f"takes longer than the {self.limits.seconds:g} seconds that it may: split it"
            why = slow if late.is_set() else f"is damaged, or no {kind.upper()}: get it again"
            raise TryAgain(f"{path.name!r} {why}.")
        try:
            answer = Answer.model_validate_json(said)
        except ValidationError as error:
            raise TryAgain(f"{path.name!r} says what is no text: get it again.") from error
        if answer.refused:
            raise TryAgain(f"{path.name!r} {answer.refused}.")
        return answer.documents

    def close(self) -> None:
        while self._running:
            # What was not taken from the pipe cannot be flushed into it.
            with suppress(BrokenPipeError), self._running.pop() as process:
                process.kill()

    def _asked(self, question: str, late: threading.Event) -> str:
        """One line, or less if the process ended; `late` is set if that was for the time it took."""
        process = self._process()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self.limits.seconds, stop)
        timer.start()
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{question}\n")
            process.stdin.flush()
            return process.stdout.readline()
        except BrokenPipeError:
            return ""
        finally:
            timer.cancel()

    def _process(self) -> subprocess.Popen[str]:
        if self._running and self._running[0].poll() is None:
            return self._running[0]
        self.close()
        limits = self.limits
        told = {name: getattr(limits, name) for name in ("memory", "characters", "pages", "posts")}
        told["seconds"] = math.ceil(limits.seconds)
        # -I: neither the working folder nor the environment may put modules in front of the installed ones
        command = [sys.executable, "-I", str(SCRIPT), json.dumps(told)]
        pipe, silent = subprocess.PIPE, subprocess.DEVNULL
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=silent, encoding="utf-8")
        self._running.append(process)
        return process
