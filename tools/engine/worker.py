"""What runs in the process that draws: it answers whatever it is asked, until the program that asks is gone."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from PIL.Image import Image

from tools.call import Call
from tools.engine.job import Stepped
from tools.engine.messages import Ask, Began, Draw, Ended, Failure, Looked, Question, Stop, Told
from tools.renderer import Renderer


def work(link: Connection, make: bytes) -> None:
    """`make` is a pickled function that makes the renderer. Returns only where that fails; else the process ends."""
    # Ctrl-C in a terminal reaches every process there: what it means is for the program to say
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker = Worker(link)
    try:
        renderer: Renderer = pickle.loads(make)()
    except BaseException as problem:
        worker.say(Began(Failure.of(problem)))
        return
    worker.say(Began())
    worker.serve(renderer)
    # at once: to end in order would be to wait for pictures that nobody will see
    os._exit(0)


@dataclass(frozen=True)
class Worker:
    link: Connection
    _turn: threading.Lock = field(default_factory=threading.Lock, init=False)
    _stops: dict[int, threading.Event] = field(default_factory=dict, init=False)

    def say(self, message: Began | Told | Ended) -> None:
        # whoever is gone is noticed where questions are read
        with self._turn, suppress(OSError):
            self.link.send(message)

    def serve(self, renderer: Renderer) -> None:
        """Each question in a thread of its own, as if the callers were here."""
        with suppress(EOFError, OSError):
            while True:
                match self.link.recv():
                    case Question(number, what):
                        stop = self._stops[number] = threading.Event()
                        threading.Thread(target=self._answer, args=(renderer, number, what, stop), daemon=True).start()
                    case Stop(number):
                        # it may be answered by now
                        self._stops.get(number, threading.Event()).set()

    def _answer(self, renderer: Renderer, number: int, what: Draw | Ask, stop: threading.Event) -> None:
        try:
            self.say(Ended(number, self._asked(renderer, number, what, stop)))
        except BaseException as problem:
            self.say(Ended(number, Failure.of(problem)))

    def _asked(self, renderer: Renderer, number: int, what: Draw | Ask, stop: threading.Event) -> Any:
        try:
            if isinstance(what, Draw):
                return renderer.render(what.recipe, self._call(number, what, stop))
            return getattr(renderer, what.about)(*what.arguments)
        finally:
            del self._stops[number]

    def _call(self, number: int, draw: Draw, stop: threading.Event) -> Call:
        last = Stepped(0, 0)

        def progressed(done: int, of: int) -> None:
            nonlocal last
            last = Stepped(done, of)
            self.say(Told(number, last))

        def seen(preview: Image) -> None:
            self.say(Told(number, Looked(last.done, last.of, preview)))

        return Call(progressed, stop, draw.asked, seen if draw.previews else None)
