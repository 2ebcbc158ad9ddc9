"""`atelier serve` killed with -9 again and again while it works: what was acknowledged, and is then lost or doubled.

In each round a client asks for two drawings and a turn over HTTP, with the same key until each is acknowledged; in the
midst of it the worker, the web process or both are killed; and the next begins when all of it has ended.
"""

from __future__ import annotations

import hashlib
import random
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import psutil
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.sqlite import SqliteSaver

from agent.desk import Desk, open_desk
from agent.settings import Settings
from benchmarks.results import Row
from knowledge.journal import Job

ROUNDS = 120
VICTIMS = ("worker", "web", "both")
LATEST = 2.5
"""Seconds from the first wish to the kill; some drawings are done by then, and some not begun."""
TALK = "talk"
THINGS = ("house", "tree", "boat", "car", "cat", "ball", "flower")
COLOURS = ("red", "blue", "green", "yellow", "purple")
SMALL = {"prompt": "a red house", "size": "64x64", "steps": 2}
UNKNOWN = {"one": "0" * 64, "other": "0" * 64}
"""Pictures to compare that are not there: only a worker knows."""
SERVE = """
import sys; from pathlib import Path; from agent.settings import Settings; from ui.serving import serve
serve(Settings(data=Path(sys.argv[1]), port=int(sys.argv[2]), host='127.0.0.1', chat='none', loras=()))
"""
ROOT = Path(__file__).parent.parent


@dataclass
class Service:
    """The program as its init system keeps it: started again whenever it is gone."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "said.log").open("ab") as log:
            command = [sys.executable, "-c", SERVE, str(self.folder / "data"), str(self.port)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)

    def kill(self, victim: str) -> None:
        assert self.process is not None
        children = psutil.Process(self.process.pid).children()
        if victim != "worker":
            self.process.kill()
        for worker in [child for child in children if "spawn_main" in " ".join(child.cmdline())]:
            if victim != "web":
                worker.kill()
        if victim != "worker":
            self.process.wait()
            self.start()

    def end(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait()

    def answer(self, path: str, body: dict[str, Any], key: str = "") -> dict[str, Any]:
        """What the first answer says; whoever hears none asks again."""
        headers = {"Idempotency-Key": key, "Prefer": "respond-async"} if key else {}
        while True:
            try:
                answer = httpx.post(f"http://127.0.0.1:{self.port}{path}", json=body, headers=headers, timeout=60)
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            if answer.status_code >= 500:
                raise RuntimeError(answer.text)
            return answer.json()


@dataclass
class Storm:
    service: Service
    random: random.Random
    acknowledged: dict[str, str] = field(default_factory=dict)
    """The id of the job that was promised, by the key."""
    back: list[float] = field(default_factory=list)
    """Seconds from each kill until something new was asked, worked on and answered."""
    ended: list[float] = field(default_factory=list)
    """Seconds from each kill until all had ended that was acknowledged in its round."""

    @cached_property
    def desk(self) -> Desk:
        return open_desk(Settings(data=self.service.folder / "data", chat="none", loras=()))

    def round(self, number: int) -> None:
        with ThreadPoolExecutor(1) as client:
            asking = client.submit(self._ask, number)
            time.sleep(self.random.uniform(0, LATEST))
            self.service.kill(VICTIMS[number % len(VICTIMS)])
            killed = time.monotonic()
            self.service.answer("/v1/tools/compare", UNKNOWN)
            self.back.append(time.monotonic() - killed)
            asking.result()
        while not all(job.ended for job in self._promised()):
            time.sleep(0.05)
        self.ended.append(time.monotonic() - killed)

    def _ask(self, number: int) -> None:
        drawing = ("/v1/tools/draw", SMALL)
        words = f"draw a {COLOURS[number % len(COLOURS)]} {THINGS[number % len(THINGS)]}"
        turn = (f"/v1/conversations/{TALK}/turns", {"words": words})
        for place, (path, body) in enumerate((drawing, turn, drawing)):
            time.sleep(self.random.uniform(0, LATEST / 3))
            key = f"{number}-{place}"
            self.acknowledged[key] = self.service.answer(path, body, key)["id"]

    def _promised(self) -> list[Job]:
        return [self.desk.journal.job(id) for id in self.acknowledged.values()]

    def wrong(self) -> Iterator[str]:
        """What was lost, doubled, or is not as it was told."""
        jobs = self._promised()
        yield from (f"{job.kind} {job.id} {job.state}: {job.result}" for job in jobs if job.state != "done")
        if len(set(self.acknowledged.values())) != len(self.acknowledged):
            yield "two wishes became one job"
        with self.desk.journal.reading() as db:
            (kept,) = db.execute("SELECT COUNT(*) FROM job WHERE key IS NOT NULL").fetchone()
        if kept != len(jobs):
            yield f"{len(jobs)} acknowledged, and {kept} kept"
        drawn = [picture["picture_id"] for job in jobs for picture in job.result.get("pictures", ())]
        yield from self._wrong_pictures(jobs, drawn)
        yield from self._wrong_talk([job for job in jobs if job.kind == "turn"])

    def _wrong_pictures(self, jobs: list[Job], drawn: list[str]) -> Iterator[str]:
        kept = [picture.id for picture in self.desk.gallery.recent(10 * len(jobs))]
        if not len(kept) == len(set(drawn)) == len(drawn) == len(jobs):
            yield f"{len(jobs)} wishes, {len(drawn)} pictures told, {len(kept)} kept"
        for picture_id in kept:
            if hashlib.sha256(self.desk.gallery.path(picture_id).read_bytes()).hexdigest() != picture_id:
                yield f"picture {picture_id} is damaged"

    def _wrong_talk(self, turns: list[Job]) -> Iterator[str]:
        numbers = [picture["number"] for job in turns for picture in job.result.get("pictures", ())]
        if numbers != list(range(1, len(turns) + 1)):
            yield f"{len(turns)} turns drew pictures {numbers}"
        if [message.id for message in self._said()] != [job.id for job in turns]:
            yield f"{len(turns)} messages acknowledged, {len(self._said())} in the conversation"
        for job in turns:
            told = Counter(_lasting(one.event) for one in self.desk.journal.told(job.id))
            yield from (f"{what} was told {times} times" for what, times in told.items() if what and times > 1)

    def _said(self) -> list[HumanMessage]:
        with sqlite3.connect(self.desk.conversations.checkpoints) as connection:
            kept = SqliteSaver(connection).get({"configurable": {"thread_id": TALK}})
        messages = kept["channel_values"]["messages"] if kept else []
        return [message for message in messages if isinstance(message, HumanMessage)]


def _lasting(event: dict[str, Any]) -> tuple[str, str] | None:
    """What names an event that is told once and for all."""
    for_all = event["kind"] in ("called", "returned") or (event["kind"] == "said" and event["whole"])
    return (event["kind"], event["id"]) if for_all else None


@contextmanager
def serving() -> Iterator[Service]:
    """Once it works; on a port that was free a moment ago, so that it is the same after a kill."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder), port)
        service.start()
        try:
            service.answer("/v1/tools/compare", UNKNOWN)
            yield service
        finally:
            service.end()


def t9(share: float) -> list[Row]:
    with serving() as service:
        assert service.process is not None
        resident = psutil.Process(service.process.pid).memory_info().rss / 2**20
    what = "memory of the web process at rest, after its first answer"
    return [Row("T9", what, resident, resident, resident, "MiB", "lower", 250, "resident set size")]


def t12(share: float) -> list[Row]:
    rounds = max(3, round(ROUNDS * share))
    with serving() as service:
        storm = Storm(service, random.Random(12))
        for number in range(rounds):
            storm.round(number)
        wrong = list(storm.wrong())
    note = f"{rounds} kills, {len(storm.acknowledged)} acknowledged"
    lost = len(wrong)
    return [
        Row(
            *("T12", "kill -9 during turns and drawings: acknowledged, then lost or doubled"),
            *(lost, lost, lost, "failures", "equal", 0, "; ".join([note, *wrong[:3]])),
        ),
        _longest("T12-back", "from a kill until a new job is worked on and answered, the longest", storm.back, 10),
        _longest("T12-ended", "from a kill until all had ended that was asked before, the longest", storm.ended, None),
    ]


def _longest(id: str, what: str, seconds: list[float], target: float | None) -> Row:
    note = f"n = {len(seconds)}, median {sorted(seconds)[len(seconds) // 2]:.1f} s"
    return Row(id, what, max(seconds), min(seconds), max(seconds), "s", "lower", target, note)


if __name__ == "__main__":
    for row in t12(float(sys.argv[1])):
        print(row)
