"""Whether a day of mixed requests, cancels, bad files and crashes ends with everybody answered and memory flat."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.endurance import failures
from benchmarks.results import Row
from benchmarks.soak_requests import Request, World
from knowledge.problems import Problem
from knowledge.recipe import Recipe
from tools.call import Call
from tools.engine.quiet import quiet
from tools.engine.supervisor import SupervisedRenderer
from tools.renderer import Cancelled, Renderer

REQUESTS = 2000
CALLERS = 24
CRASHES = (0.1, 0.2, 0.3)
"""How much is answered when the process is killed; then it has the rest to become warm and stay as it is."""
LEVELS = 1
"""By which a picture drawn in a crowd may differ from the one drawn alone, of 255; drawn strictly, by nothing."""
PATIENCE = 3600.0
"""Seconds, for all."""
Answer = NDArray[np.uint8] | Problem | Cancelled | Exception


def soak(share: float) -> list[Row]:
    """S1 to S3."""
    with TemporaryDirectory() as folder, quiet():
        world = World.built(Path(folder))
        requests = world.requests(max(40, round(REQUESTS * share)))
        here = world.renderer()
        recipes = {one.recipe.hash: one.recipe for one in requests}
        alone = {hash: answered(here, recipe, Call()) for hash, recipe in recipes.items()}
        with ThreadPoolExecutor(CALLERS) as pool, closing(SupervisedRenderer(world.renderer)) as there:
            day = Day(there, len(requests))
            day.pass_by([pool.submit(ask, there, one) for one in requests])
            kept = there.hit_rates()
    wrong = [f"{one.recipe.canonical()[:80]}: {why}" for one in requests for why in faults(one, day.answers, alone)]
    if len(day.pids) > 1 + day.killed:
        wrong.append(f"the process was started {len(day.pids)} times")
    drawn = sum(isinstance(answer, np.ndarray) for answer in day.answers.values())
    note = f"{len(requests)} requests, {drawn} pictures, {day.killed} kills"
    return [
        failures("S1", "a soak of mixed requests: unanswered or wrong", wrong, note),
        growth("S2", "memory of the process that draws, over the second half of the soak", day.there),
        growth("S2p", "memory of the program, over the second half of the soak", day.here),
        *(
            Row(f"S3-{name}", f"{name}: found in the cache, since the last start", rate, rate, rate, "rate", "higher")
            for name, rate in kept.items()
        ),
    ]


@dataclass
class Day:
    """`there` and `here` are the megabytes after each answer of the second half."""

    renderer: SupervisedRenderer
    of: int
    killed: int = 0
    pids: set[int] = field(default_factory=set)
    answers: dict[int, Answer] = field(default_factory=dict)
    there: list[float] = field(default_factory=list)
    here: list[float] = field(default_factory=list)

    def pass_by(self, asked: Sequence[Future[tuple[int, Answer]]]) -> None:
        try:
            for one in as_completed(asked, PATIENCE):
                number, answer = one.result()
                self.answers[number] = answer
                self._look()
        except TimeoutError:
            for one in asked:
                one.cancel()

    def _look(self) -> None:
        done, pid = len(self.answers) / self.of, self.renderer.pid
        if pid is None:
            return
        self.pids.add(pid)
        if self.killed < len(CRASHES) and done >= CRASHES[self.killed]:
            os.kill(pid, signal.SIGKILL)
            self.killed += 1
        elif done >= 0.5:
            with suppress(psutil.NoSuchProcess):
                self.there.append(megabytes(pid))
            self.here.append(megabytes(os.getpid()))


def ask(renderer: Renderer, request: Request) -> tuple[int, Answer]:
    stop = threading.Event()
    if request.until == 0:
        threading.Timer(0.01, stop.set).start()

    def progressed(done: int, of: int) -> None:
        if done == request.until:
            stop.set()

    return request.number, answered(renderer, request.recipe, Call(progressed, stop, request.asked))


def answered(renderer: Renderer, recipe: Recipe, call: Call) -> Answer:
    """The pixels, or why there are none."""
    try:
        return np.asarray(renderer.render(recipe, call).image)
    except Exception as why:
        return why


def faults(request: Request, answers: dict[int, Answer], alone: dict[str, Answer]) -> Iterator[str]:
    answer, expected = answers.get(request.number), alone[request.recipe.hash]
    if isinstance(expected, np.ndarray) != request.good:
        yield f"it is answered alone by {expected!r}"
    if answer is None:
        yield "it is not answered"
    elif isinstance(answer, Cancelled):
        if request.until is None:
            yield "nobody cancelled it"
    elif isinstance(answer, np.ndarray) and isinstance(expected, np.ndarray):
        if (apart := difference(answer, expected)) > (0 if request.asked.strict else LEVELS):
            yield f"it differs by {apart} levels from what is drawn alone"
    elif request.good or str(answer) != str(expected) or type(answer) is not type(expected):
        yield f"it is answered by {answer!r}, and alone by {expected!r}"


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> int:
    if one.shape != other.shape:
        return 255
    return int(np.abs(one.astype(int) - other.astype(int)).max())


def megabytes(pid: int) -> float:
    return psutil.Process(pid).memory_info().rss / 1e6


def growth(id: str, what: str, seen: Sequence[float]) -> Row:
    """The rise of the straight line through all of them, which one peak does not change."""
    rise = float(np.polyfit(np.linspace(0, 1, len(seen)), seen, 1)[0])
    note = f"{seen[0]:.0f} MB first, {seen[-1]:.0f} MB last, {max(seen):.0f} MB at most"
    return Row(id, what, rise, rise, rise, "MB", "lower", 10, note)
