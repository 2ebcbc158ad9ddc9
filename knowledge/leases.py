"""The journal as a worker uses it: jobs are claimed for a while, and go to another worker when nobody renews that."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from knowledge.journal import COLUMNS, Job, Journal, State, read

LASTS = 6.0
"""Seconds that a lease holds without a beat; a worker beats much more often."""
ATTEMPTS = 3
FALLEN = {
    "problem": f"The program that works on this ended {ATTEMPTS} times in the middle of it: ask for something smaller.",
    "code": "internal",
}
# A clock that was set back must not make a lease last for hours.
LAPSED = "until NOT BETWEEN :now AND :now + 60"
EXPIRED = (
    f"UPDATE job SET state = 'cancelled' WHERE state = 'running' AND {LAPSED} AND stopping",
    f"""UPDATE job SET state = 'failed', result = :fallen
        WHERE state = 'running' AND {LAPSED} AND attempts >= {ATTEMPTS}""",
    f"UPDATE job SET state = 'queued' WHERE state = 'running' AND {LAPSED}",
)
DUE = f"SELECT EXISTS (SELECT 1 FROM job WHERE state IN ('queued', 'running') AND {LAPSED})"
# Turns of one conversation one after another, as they were said.
CLAIM = f"""
UPDATE job SET state = 'running', attempts = attempts + 1, begun = begun + 1, worker = :worker, until = :until
WHERE number IN (
    SELECT number FROM job AS mine WHERE state = 'queued' AND {LAPSED} AND NOT EXISTS (
        SELECT 1 FROM job AS other WHERE mine.kind = 'turn' AND other.kind = 'turn' AND other.number < mine.number
        AND other.conversation = mine.conversation AND other.state IN ('queued', 'running')
    ) ORDER BY number LIMIT :most
) RETURNING number, {COLUMNS}
"""
HELD = "state = 'running' AND worker = :worker"
BEAT = f"UPDATE job SET until = :until WHERE {HELD} AND id IN (SELECT value FROM json_each(:alive))"
MINE = f"id = :id AND begun = :begun AND {HELD}"
TELL = f"""
INSERT INTO event SELECT
    number, (SELECT COALESCE(MAX(number), 0) + 1 FROM event WHERE job = job.number), :passing, :event
FROM job WHERE {MINE}
"""
PUT_BACK = f"""
UPDATE job SET state = IIF(stopping, 'cancelled', 'queued'), attempts = attempts - 1, until = :until WHERE {MINE}
"""
PASSED = "DELETE FROM event WHERE passing AND job = (SELECT number FROM job WHERE id = :id)"


@dataclass(frozen=True)
class News:
    """Something that happened while a worker had this job in hand; what is of `passing` use ends with the job."""

    job: Job
    event: Mapping[str, Any]
    passing: bool = False


@dataclass(frozen=True)
class Leases:
    """Those of one `worker`, whose name no other has. What it does not hold any more it cannot change."""

    journal: Journal
    worker: str

    def claim(self, most: int, alive: Iterable[str] = ()) -> list[Job]:
        """
        Begin jobs that wait, the oldest first; those of workers that are gone are among them. Those that are `alive`
        are kept, as by a beat.
        """
        given = {**self._beat(alive), "now": time.time(), "most": most, "fallen": json.dumps(FALLEN)}
        with self.journal.reading() as db:
            if not most or not db.execute(DUE, given).fetchone()[0]:
                return []
        with self.journal.writing() as db:
            # the living first: after a clock was put forward they look lapsed
            for statement in (BEAT, *EXPIRED):
                db.execute(statement, given)
            return [read(row[1:]) for row in sorted(db.execute(CLAIM, given))]

    def beat(self, alive: Iterable[str]) -> None:
        """Keep those jobs, by their ids, for a while longer; what was claimed and is not among them lapses."""
        with self.journal.writing() as db:
            db.execute(BEAT, self._beat(alive))

    def held(self) -> dict[str, bool]:
        """By the id of each job that this worker has in hand: whether it is to stop."""
        with self.journal.reading() as db:
            rows = db.execute(f"SELECT id, stopping FROM job WHERE {HELD}", {"worker": self.worker})
            return {id: bool(stopping) for id, stopping in rows}

    def tell(self, news: Iterable[News]) -> None:
        with self.journal.writing() as db:
            self._tell(db, news)

    def finish(self, job: Job, state: State, result: Mapping[str, Any], last: Iterable[News] = ()) -> bool:
        """Its last news and its result, together; whether it was still this worker's."""
        given = {**self._mine(job), "state": state, "result": json.dumps(result)}
        with self.journal.writing() as db:
            self._tell(db, last)
            ended = db.execute(f"UPDATE job SET state = :state, result = :result WHERE {MINE}", given).rowcount > 0
            if ended:
                db.execute(PASSED, {"id": job.id})
        return ended

    def put_back(self, job: Job, seconds: float = 0) -> None:
        """Let it wait, at least so long, unless it is to stop; this was no attempt."""
        given = {**self._mine(job), "until": time.time() + seconds}
        with self.journal.writing() as db:
            db.execute(PUT_BACK, given)

    def inherit(self) -> None:
        """Take no lease of another worker for valid: there is none."""
        with self.journal.writing() as db:
            db.execute("UPDATE job SET until = 0 WHERE state = 'running' AND worker != ?", (self.worker,))

    def _tell(self, db: sqlite3.Connection, news: Iterable[News]) -> None:
        rows = ({**self._mine(one.job), "event": json.dumps(one.event), "passing": one.passing} for one in news)
        db.executemany(TELL, rows)

    def _beat(self, alive: Iterable[str]) -> dict[str, Any]:
        return {"worker": self.worker, "until": time.time() + LASTS, "alive": json.dumps(list(alive))}

    def _mine(self, job: Job) -> dict[str, Any]:
        return {"id": job.id, "begun": job.begun, "worker": self.worker}
