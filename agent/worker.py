"""Works on what the journal holds: several jobs at once, each under a lease, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import math
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from agent.closing import Closing
from agent.conversations import Occupied
from agent.crash_log import CrashLog
from agent.events import EVENT, Event, Said
from agent.happenings import PASSING, Happenings
from agent.work import Work
from knowledge.journal import Job, State
from knowledge.leases import Leases, News
from knowledge.problems import Problem, TryAgain
from tools.renderer import Cancelled

AT_ONCE = 16
THREADS = 4
"""For each of them, since what was cancelled may take a while to notice."""
GLANCE = 0.05
"""Seconds between two looks at the journal."""
BEAT = 1.0
"""Seconds between two renewals of the leases."""
DAY = 24 * 60 * 60.0
"""Seconds between two times that what is old is forgotten."""
PATIENCE = 0.5
"""Seconds until an occupied conversation, or a journal that cannot be used, is tried again."""


@dataclass(frozen=True)
class Running:
    job: Job
    happenings: Happenings
    task: asyncio.Task[dict[str, Any]]

    def failure(self) -> BaseException | None:
        """Of a task that has ended."""
        return asyncio.CancelledError() if self.task.cancelled() else self.task.exception()


@dataclass(frozen=True)
class Worker:
    """`work` is by the kind of the job. What ended more than `keep_days` ago is forgotten."""

    leases: Leases
    work: Mapping[str, Work]
    log: CrashLog
    at_once: int = AT_ONCE
    keep_days: float = math.inf
    closing: Closing = field(default_factory=Closing)

    async def go_on(self) -> bool:
        """Until `closing`; what is not finished then is put back, for another worker to go on with. Whether all was."""
        threads = ThreadPoolExecutor(THREADS * self.at_once, "work")
        asyncio.get_running_loop().set_default_executor(threads)
        running: list[Running] = []
        beaten = forgotten = -math.inf
        while not self.closing.done(bool(running)):
            try:
                beaten = await _every(BEAT, beaten, self.leases.beat, [one.job.id for one in running])
                forgotten = await _every(DAY, forgotten, self.leases.journal.forget, self.keep_days)
                await self._glance(running)
            except Problem:
                logging.getLogger(__name__).warning("the journal is tried again", exc_info=True)
                await asyncio.sleep(PATIENCE)
            if running:
                await asyncio.wait([one.task for one in running], timeout=GLANCE, return_when="FIRST_COMPLETED")
            else:
                await asyncio.sleep(GLANCE)
        for one in running:
            one.task.cancel()
            self.leases.put_back(one.job)
        return not running

    async def _glance(self, running: list[Running]) -> None:
        for one in [one for one in running if one.task.done()]:
            await asyncio.to_thread(self._settle, one)
            running.remove(one)
        await asyncio.to_thread(self._tell, running)
        held = await asyncio.to_thread(self.leases.held)
        for one in running:
            # once: a second time, it would be disturbed in putting things in order
            if held.get(one.job.id, True) and not one.task.cancelling():
                one.task.cancel()
        if self.closing.at is None:
            alive = [one.job.id for one in running]
            for job in await asyncio.to_thread(self.leases.claim, self.at_once - len(running), alive):
                running.append(await self._begin(job))

    async def _begin(self, job: Job) -> Running:
        before = await asyncio.to_thread(self.leases.journal.told, job.id)
        told = [EVENT.validate_python(one.event) for one in before]
        happenings = Happenings(told if job.begun > 1 else None)
        return Running(job, happenings, asyncio.create_task(self._done(job, happenings)))

    async def _done(self, job: Job, happenings: Happenings) -> dict[str, Any]:
        return await self.work[job.kind](job, happenings)

    def _tell(self, running: Iterable[Running]) -> None:
        waiting = [(one, one.happenings.waiting()) for one in running]
        if news := [new for one, events in waiting for new in _news(one.job, events)]:
            self.leases.tell(news)
        for one, events in waiting:
            one.happenings.told(events)

    def _settle(self, one: Running) -> None:
        failure = one.failure()
        if isinstance(failure, Occupied):
            self.leases.put_back(one.job, PATIENCE)
            return
        one.happenings.end()
        state, result = self._outcome(failure) if failure else ("done", one.task.result())
        self.leases.finish(one.job, state, result, _news(one.job, one.happenings.waiting()))

    def _outcome(self, failure: BaseException) -> tuple[State, dict[str, Any]]:
        match failure:
            case asyncio.CancelledError() | Cancelled():
                return "cancelled", {}
            case Problem():
                code = "try_again" if isinstance(failure, TryAgain) else "give_up"
                return "failed", {"problem": str(failure), "code": code}
        details = "".join(traceback.format_exception(failure))
        return "failed", {"problem": self.log.sentence(details), "code": "internal"}


async def _every(seconds: float, last: float, work: Callable[..., None], *given: object) -> float:
    """Has it done if it was not for so long; when it was done last."""
    if time.monotonic() - last <= seconds:
        return last
    await asyncio.to_thread(work, *given)
    return time.monotonic()


def _news(job: Job, events: Iterable[Event]) -> list[News]:
    return [News(job, EVENT.dump_python(event, mode="json"), _passing(event)) for event in events]


def _passing(event: Event) -> bool:
    """Pieces of a message are of no use once there is the whole of it."""
    return isinstance(event, PASSING) or (isinstance(event, Said) and not event.whole)
