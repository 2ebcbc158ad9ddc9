"""The engine: one thread that owns the models and steps all pictures in hand together, as far as they can share."""

from __future__ import annotations

import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import torch

from knowledge.problems import Problem, TryAgain
from tools.engine.finishing import finished
from tools.engine.job import Job
from tools.engine.quiet import quiet
from tools.engine.row import Row
from tools.engine.waiting_line import WaitingLine
from tools.renderer import Cancelled, Rendered

T = TypeVar("T")


@dataclass(eq=False)
class Engine:
    """
    Continuous batching by the step (Orca, Yu et al. 2022): a picture joins at the next step and leaves when it is done.

    `begin` makes a row of a job, or draws it whole where the model's loop is not ours. At most `most` pictures are in
    hand at once, all of one model, and at most `together` in one call of the UNet. The thread works as long as there
    is work.

    `room` says how many rows like this one the device has memory for in one call; `relieve` takes off the device what
    this job can wait for, and says whether there was anything.
    """

    begin: Callable[[Job], Row | Rendered]
    line: WaitingLine = field(default_factory=WaitingLine)
    most: int = 16
    together: int = 16
    room: Callable[[Row], int] = lambda row: sys.maxsize
    relieve: Callable[[Job], bool] = lambda job: False
    _together: int = field(default=16, init=False)
    """Rows in one call now; fewer where memory is short or runs out, as long as there is work."""
    _rows: list[Row] = field(default_factory=list, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "engine"), init=False)
    _working: bool = field(default=False, init=False)

    def submit(self, job: Job) -> None:
        """Raises `Busy` where too many wait already; everything else is told to the job."""
        with self._lock:
            self.line.put(job)
            if not self._working:
                self._working = True
                self._thread.submit(self._work)

    def alone(self, act: Callable[[], T]) -> T:
        """Do something with the models when nothing is in hand."""
        return self._thread.submit(act).result()

    def close(self) -> None:
        """Take nothing more, and wait for what is in hand."""
        self._thread.shutdown()

    def _work(self) -> None:
        with torch.inference_mode(), quiet():
            while self._admit():
                self._step_all()
                self._retire()

    def _admit(self) -> bool:
        """Whether there is anything to do."""
        with self._lock:
            self.line.sweep(wanted)
        self._rows = [row for row in self._rows if wanted(row.job)]
        if not self._rows:
            self._together = min(self.most, self.together)
        while (job := self._next()) is not None:
            self._begin(job)
        with self._lock:
            self._working = bool(self._rows or len(self.line))
            return self._working

    def _next(self) -> Job | None:
        with self._lock:
            job = self.line.first()
            if job is None or not self._fits(job):
                return None
            self.line.take(job)
            return job

    def _fits(self, job: Job) -> bool:
        return not self._rows or (len(self._rows) < self.most and job.recipe.model == self._rows[0].recipe.model)

    def _begin(self, job: Job) -> None:
        with answering([job]):
            job.check()
            begun = self._begun(job)
            job.tell(begun) if isinstance(begun, Rendered) else self._join(begun)

    def _begun(self, job: Job) -> Row | Rendered:
        try:
            return self.begin(job)
        except torch.OutOfMemoryError:
            if not self.relieve(job):
                raise
        return self.begin(job)

    def _join(self, row: Row) -> None:
        """Into hand, if there is memory for it. Raises `TryAgain` before it would run out."""
        room = self.room(row) or (self.relieve(row.job) and self.room(row))
        if not room:
            raise too_large(row.job)
        self._together = min(self._together, room)
        self._rows.append(row)

    def _step_all(self) -> None:
        for rows in grouped(self._rows, self._together):
            left = self._step(rows)
            self._rows = [row for row in self._rows if row not in rows or row in left]

    def _step(self, rows: list[Row]) -> list[Row]:
        """Those that go on. Where memory runs out, the same step again in smaller batches, or after making room."""
        left: list[Row] = []
        with answering([row.job for row in rows]):
            try:
                predictions = rows[0].model.denoiser.predict(rows)
            except torch.OutOfMemoryError:
                if len(rows) == 1 and not self.relieve(rows[0].job):
                    raise
                self._together = max(1, len(rows) // 2)
                torch.cuda.empty_cache()
                return rows
            for row, prediction in zip(rows, predictions, strict=True):
                with answering([row.job]):
                    row.advance(prediction)
                    row.job.tell(row.told())
                    left.append(row)
        return left

    def _go_on(self) -> None:
        """Rows that are through their first pass begin the second."""
        for row in [row for row in self._rows if row.done and row.then is not None]:
            self._rows.remove(row)
            with answering([row.job]):
                assert row.then is not None
                self._join(row.then(row))

    def _retire(self) -> None:
        self._go_on()
        done = [row for row in self._rows if row.done]
        for rows in grouped(done, self._together):
            with answering([row.job for row in rows]):
                for row, rendered in zip(rows, finished(rows), strict=True):
                    row.job.tell(rendered)
                    self.line.pace = (time.monotonic() - row.began) / len(self._rows)
        self._rows = [row for row in self._rows if not row.done]


@contextmanager
def answering(jobs: Sequence[Job]) -> Iterator[None]:
    """Whatever ends the block early is told to those who wait for it, and to nobody else."""
    try:
        yield
    except torch.OutOfMemoryError:
        torch.cuda.empty_cache()
        for job in jobs:
            job.tell(too_large(job))
    except BaseException as problem:
        for job in jobs:
            job.tell(problem)


def wanted(job: Job) -> bool:
    """Whether the job is to go on; if not, it is told why."""
    try:
        job.check()
    except (Problem, Cancelled) as why:
        job.tell(why)
        return False
    return True


def grouped(rows: Iterable[Row], most: int) -> list[list[Row]]:
    """Rows that can share a call of the UNet, no more than `most` in each."""
    kinds: dict[Hashable, list[Row]] = defaultdict(list)
    for row in rows:
        kinds[row.kind].append(row)
    return [some[start : start + most] for some in kinds.values() for start in range(0, len(some), most)]


def too_large(job: Job) -> TryAgain:
    size = "x".join(map(str, job.recipe.drawn_size))
    return TryAgain(f"{size} does not fit into this GPU's memory: ask for a smaller picture.")
