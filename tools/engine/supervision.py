"""Keeps a process that draws at work: starts it, hands it orders and answers on, and starts it again when it falls."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from multiprocessing.connection import wait
from typing import Any

from knowledge.problems import GiveUp
from tools.engine.mailbox import Mailbox
from tools.engine.messages import Ask, Began, Draw, Ended, Failure, Question, Stop, Told
from tools.engine.orders import FALLS, Order, Orders
from tools.engine.worker_process import WorkerProcess
from tools.renderer import Cancelled

START_WITHIN = 300.0
"""Seconds for importing libraries, from a slow disk perhaps; models are loaded later, and take what they take."""
STARTS = 3
"""Tries in a row."""


@dataclass(eq=False)
class Supervision:
    """
    One thread has all of it in hand, so that Ctrl-C, which reaches the first thread only, tears no message apart.

    `make` is as for `work`.
    """

    make: bytes
    start_within: float
    _orders: Orders = field(default_factory=Orders, init=False)
    _mail: Mailbox[Order | int | None] = field(default_factory=Mailbox, init=False)
    """An order to take on, the number of one that is not wanted any more, or None for the end."""
    _numbers: count[int] = field(default_factory=count, init=False)
    _worker: WorkerProcess | None = field(default=None, init=False)
    _failed_starts: int = field(default=0, init=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)
    _closed: bool = field(default=False, init=False)

    @property
    def pid(self) -> int | None:
        worker = self._worker
        return worker and worker.pid

    @contextmanager
    def ordered(self, what: Draw | Ask, tell: Callable[[Any], None]) -> Iterator[None]:
        """Inside, it is on its way; whoever leaves by an exception does not want it any more."""
        order = Order(next(self._numbers), what, tell)
        with self._turn:
            if self._closed:
                raise closing()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="supervision", daemon=True)
                self._thread.start()
            self._mail.put(order)
        try:
            yield
        except BaseException:
            self._mail.put(order.number)
            raise

    def close(self) -> None:
        with self._turn:
            self._closed = True
            self._mail.put(None)
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        going = True
        while going:
            try:
                going = self._go_on()
            except BaseException as broken:
                # whoever waits is told of a fault of ours, and whoever asks next begins afresh
                self._give_up(Failure.of(broken).problem)
        self._give_up(closing)

    def _go_on(self) -> bool:
        """Until the next news of either side has been dealt with; whether to go on."""
        worker = self._worker
        wait([self._mail.bell, *((worker.link, worker.process.sentinel) if worker else ())], self._patience())
        for mail in self._mail.taken():
            match mail:
                case Order():
                    self._orders.put(mail)
                case int():
                    self._forget(mail)
                case None:
                    return False
        self._listen()
        self._employ()
        return True

    def _patience(self) -> float | None:
        """Seconds until a process that starts is late."""
        if self._worker is None or self._worker.ready:
            return None
        return max(0.0, self._worker.since + self.start_within - time.monotonic())

    def _forget(self, number: int) -> None:
        if self._orders.forget(number) and self._worker is not None:
            self._worker.say(Stop(number))

    def _listen(self) -> None:
        if self._worker is None:
            return
        try:
            for message in self._worker.heard():
                self._hear(message)
        except (EOFError, OSError):
            self._bury()
            return
        if self._patience() == 0:
            self._worker.process.kill()
            self._bury()

    def _hear(self, message: Began | Told | Ended) -> None:
        match message:
            case Began(None) if self._worker is not None:
                self._worker.ready, self._failed_starts = True, 0
            case Began(Failure() as failure):
                self._failed_starts = 0
                self._tell_all(failure.problem)
            case Told(number, news) if order := self._orders.wanted(number):
                order.tell(news)
            case Ended(number, answer) if order := self._orders.ended(number):
                order.tell(answer.problem() if isinstance(answer, Failure) else answer)

    def _employ(self) -> None:
        while self._worker is None and self._orders.due():
            try:
                self._worker = WorkerProcess.started(self.make)
            except OSError as refused:
                self._not_started(str(refused))
        if self._worker is not None and self._worker.ready:
            for order in self._orders.due():
                self._orders.take(order)
                self._worker.say(Question(order.number, order.what))

    def _bury(self) -> None:
        assert self._worker is not None
        ready, how = self._worker.ready, self._worker.end()
        self._worker = None
        if not ready:
            self._not_started(how)
            return
        logging.getLogger(__name__).info("the process that draws ended by %s; what it had in hand is asked again", how)
        for order in self._orders.fell():
            order.tell(fallen(order.what.model, how))

    def _not_started(self, how: str) -> None:
        self._failed_starts += 1
        if self._failed_starts >= STARTS:
            self._failed_starts = 0
            self._tell_all(lambda: not_starting(how))

    def _give_up(self, why: Callable[[], BaseException]) -> None:
        if self._worker is not None:
            self._worker.end()
            self._worker = None
        self._tell_all(why)

    def _tell_all(self, why: Callable[[], BaseException]) -> None:
        for order in self._orders.clear():
            order.tell(why())


def closing() -> Cancelled:
    return Cancelled("Drawing was cancelled, because the program ends.")


def fallen(model: str, how: str) -> GiveUp:
    return GiveUp(
        f"The model {model!r} brought the process that draws down {FALLS} times ({how}): "
        "ask for a smaller picture with fewer LoRAs and controls, or choose another model."
    )


def not_starting(how: str) -> GiveUp:
    return GiveUp(
        f"The process that draws did not start in {STARTS} tries ({how}): "
        "free some memory and try again, or set ATELIER_WORKER to in-process."
    )
