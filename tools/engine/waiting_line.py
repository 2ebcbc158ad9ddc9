"""Jobs that wait: the urgent first, then callers in turn, and no more than there is room for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from knowledge.problems import TryAgain
from tools.engine.job import Job

SHARE = 3
"""A caller may hold so many times the room that is left (Choudhury and Hahne 1998): alone three quarters of it."""


class Busy(TryAgain):
    """The line is full; `retry_after` is in seconds."""

    def __init__(self, waiting: int, retry_after: float) -> None:
        super().__init__(f"{waiting} pictures are waiting already: ask again in {retry_after:.0f} s.")
        self.retry_after = retry_after


@dataclass
class WaitingLine:
    """
    Start-time fair queueing (Goyal et al. 1996), each picture of cost 1: no caller waits for all of another's.

    Not for several threads at once.
    """

    room: int = 64
    pace: float = 1.0
    """Seconds a picture took lately; what a caller that is turned away is told follows from it."""
    _jobs: dict[Job, tuple[int, float, int]] = field(default_factory=dict, init=False)
    _tags: dict[str, float] = field(default_factory=dict, init=False)
    _now: float = field(default=0.0, init=False)
    _arrivals: count[int] = field(default_factory=count, init=False)

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, job: Job) -> None:
        """Raises `Busy` where there is no room for this caller."""
        own = sum(other.call.asked.caller == job.call.asked.caller for other in self._jobs)
        if own >= SHARE * (self.room - len(self._jobs)):
            raise Busy(len(self._jobs), max(1.0, len(self._jobs) * self.pace))
        tag = max(self._tags.get(job.call.asked.caller, 0.0), self._now) + 1
        self._tags[job.call.asked.caller] = tag
        self._jobs[job] = (-job.call.asked.priority, tag, next(self._arrivals))

    def first(self) -> Job | None:
        return min(self._jobs, key=lambda job: self._jobs[job], default=None)

    def take(self, job: Job) -> None:
        # not the urgent one's own: time for the others does not jump
        self._now = max(self._now, min(tag for _, tag, _ in self._jobs.values()) - 1)
        del self._jobs[job]
        if not self._jobs:
            self._tags.clear()

    def sweep(self, fit: Callable[[Job], bool]) -> list[Job]:
        """Take out all that are not fit any more."""
        unfit = [job for job in self._jobs if not fit(job)]
        for job in unfit:
            del self._jobs[job]
            # what was not drawn is not charged
            self._tags[job.call.asked.caller] -= 1
        return unfit
