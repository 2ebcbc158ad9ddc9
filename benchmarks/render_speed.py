"""Whether drawing together is faster than drawing in turn, and what a picture alone costs."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import picturebook
from benchmarks.mixed_requests import InTurn, Model, Together
from benchmarks.results import Row
from benchmarks.timing import at, median
from knowledge.recipe import Recipe
from tests import tiny_models
from tools.call import Call
from tools.engine.quiet import quiet

T = TypeVar("T")
PAIRS = 7
CROWD = 16
BOOK = Path(picturebook.__file__).parent / "models"
LOAD = 0.7
"""Of what one after another could just bear."""
VISITORS = 200


def tiny(folder: Path) -> Model:
    """A random model of SD 1.5's shape, latents of 8 x 8: where the calls cost more than the sums."""
    model = tiny_models.sd15(folder / "model")
    net = tiny_models.controlnet(folder / "net", model)
    files = [tiny_models.kohya_lora(folder / f"lora-{n}.safetensors", model, 4, 0.1, n) for n in range(6)]
    return Model(model, net, {f"{n:064x}": file for n, file in enumerate(files)}, 64)


def book(folder: Path) -> Model:
    """The picture book's own, at its own size."""
    files = sorted((BOOK / "loras").glob("*.safetensors"))
    return Model(BOOK / "pipeline", BOOK / "controlnet-canny", {f"{n:064x}": file for n, file in enumerate(files)}, 128)


def crowd(share: float) -> list[Row]:
    """P1, P1p and P1b: CPU time in turn over CPU time together."""
    rows: list[Row] = []
    pairs = max(2, round(PAIRS * share))
    cases: list[tuple[str, str, Callable[[Path], Model], bool, float]] = [
        ("P1", "16 mixed requests, latents 8 x 8: loading each LoRA in turn", tiny, False, 3.0),
        ("P1p", "the same, all LoRAs loaded before", tiny, True, 2.2),
        ("P1b", "16 mixed requests on the picture book's model, LoRAs loaded before", book, True, 1.5),
    ]
    for id, what, build, preloaded, target in cases:
        with TemporaryDirectory() as folder, quiet():
            model = build(Path(folder))
            ratios = compared(InTurn(model, preloaded), Together(model), pairs)
        rows.append(median(id, f"{what}, over together", ratios, "x", target, "higher"))
    return rows


def compared(in_turn: InTurn, together: Together, pairs: int, crowd: int = CROWD) -> list[float]:
    """The first pair warms both up."""
    ratios: list[float] = []
    for number in range(pairs + 1):
        if not in_turn.preloaded and number:
            together.forget()
        requests = in_turn.model.requests(crowd, number)
        ratios.append(cpu(in_turn.draw, requests) / cpu(together.draw, requests))
    return ratios[1:]


def cpu(act: Callable[[T], object], given: T) -> float:
    started = time.process_time()
    act(given)
    return time.process_time() - started


def one(share: float) -> list[Row]:
    """P2: one request on the engine over the same on the plain pipeline, both sizes."""
    rows: list[Row] = []
    for id, what, build in (("P2", "latents 8 x 8", tiny), ("P2b", "the picture book's model", book)):
        with TemporaryDirectory() as folder, quiet():
            model = build(Path(folder))
            plain, together = InTurn(model, False), Together(model)
            requests = [
                Recipe(model="measured", prompt=f"number {n}", width=model.side, height=model.side, seed=n)
                for n in range(max(4, round(50 * share)))
            ]
            ratios = [cpu(together.draw, [one]) / cpu(plain.draw_one, one) for one in requests]
        rows.append(median(id, f"one request alone over the plain pipeline, {what}", ratios[2:], "x", 1.05))
    return rows


def visitors(share: float) -> list[Row]:
    """P10: Poisson arrivals at 70 % of what drawing in turn can bear; the 95th percentile of the time to a picture."""
    count = max(20, round(VISITORS * share))
    with TemporaryDirectory() as folder, quiet():
        model = tiny(Path(folder))
        in_turn, together = InTurn(model, True), Together(model)
        requests = model.requests(count, 0)
        in_turn.draw(requests[:4])
        together.draw(requests[:4])
        started = time.perf_counter()
        in_turn.draw(requests[:20])
        capacity = 20 / (time.perf_counter() - started)
        rng = random.Random(0)
        gaps = [rng.expovariate(LOAD * capacity) for _ in requests]
        turn = at(latencies(in_turn.draw_one, 1, requests, gaps), 0.95)
        shared = at(latencies(lambda one: together.renderer.render(one, Call()), 64, requests, gaps), 0.95)
    what = f"{count} Poisson arrivals at 70 % of what drawing in turn bears: p95 latency together over in turn"
    ratio = shared / turn
    return [Row("P10", what, ratio, ratio, ratio, "x", "lower", 0.6, f"{shared:.2f} s and {turn:.2f} s")]


def latencies(
    draw: Callable[[Recipe], object], threads: int, requests: Sequence[Recipe], gaps: Sequence[float]
) -> list[float]:
    """Seconds from each arrival to its picture."""

    def answered(recipe: Recipe, arrived: float) -> float:
        draw(recipe)
        return time.perf_counter() - arrived

    with ThreadPoolExecutor(threads) as pool:
        waiting: list[Future[float]] = []
        for recipe, gap in zip(requests, gaps, strict=True):
            time.sleep(gap)
            waiting.append(pool.submit(answered, recipe, time.perf_counter()))
        return [one.result() for one in waiting]
