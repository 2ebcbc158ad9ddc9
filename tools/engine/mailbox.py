"""A queue that can be waited on together with pipes and processes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

Letter = TypeVar("Letter")


@dataclass(frozen=True, eq=False)
class Mailbox(Generic[Letter]):
    """Any number of threads put letters in, one takes them out when `multiprocessing.connection.wait` names `bell`."""

    _wire: tuple[Connection, Connection] = field(default_factory=lambda: Pipe(duplex=False), init=False)
    _letters: SimpleQueue[Letter] = field(default_factory=SimpleQueue, init=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, init=False)

    @property
    def bell(self) -> Connection:
        return self._wire[0]

    def put(self, letter: Letter) -> None:
        self._letters.put(letter)
        with self._turn:
            self._wire[1].send_bytes(b"!")

    def taken(self) -> Iterator[Letter]:
        """All that are there."""
        while self.bell.poll():
            self.bell.recv_bytes()
        while True:
            try:
                yield self._letters.get_nowait()
            except Empty:
                return
