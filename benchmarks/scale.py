"""What Ray Serve costs on this machine: to start, to ask, and to draw; `python -m benchmarks.scale` prints a table."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from knowledge.recipe import Recipe
from tests import tiny_models
from tools.call import Call
from tools.engine.engine_renderer import EngineRenderer
from tools.engine.model_files import KnownModel
from tools.engine.quiet import quiet
from tools.renderer import Renderer

PICTURES = 32
STEPS = 20


def engine(model: str) -> Renderer:
    return EngineRenderer({}.__getitem__, {}.__getitem__, {"measured": KnownModel(model, "measured", {}, 64)}, "cpu")


@dataclass(frozen=True)
class Measured:
    what: str
    value: float
    unit: str

    def line(self) -> str:
        return f"| {self.what} | {self.value:.3g} {self.unit} |"


def recipe(seed: int) -> Recipe:
    return Recipe(model="measured", prompt="a fox", width=64, height=64, num_inference_steps=STEPS, seed=seed)


def seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def crowd(renderer: Renderer) -> float:
    """Pictures a second, 16 asked for at a time."""
    with ThreadPoolExecutor(16) as pool:
        taken = seconds(lambda: list(pool.map(lambda seed: renderer.render(recipe(seed), Call()), range(PICTURES))))
    return PICTURES / taken


def drawing(renderer: Renderer, what: str) -> Iterator[Measured]:
    renderer.render(recipe(0), Call())
    alone = statistics.median(seconds(lambda: renderer.render(recipe(1), Call())) for _ in range(5))
    yield Measured(f"one picture of {STEPS} steps, {what}", 1000 * alone, "ms")
    yield Measured(f"{PICTURES} pictures, 16 at a time, {what}", crowd(renderer), "a second")


def resident() -> float:
    """MiB of all processes that this one started."""
    return sum(one.memory_info().rss for one in psutil.Process().children(recursive=True)) / 2**20


@contextmanager
def on_ray(make: Callable[[], Renderer], replicas: int) -> Iterator[Renderer]:
    from tools.engine.ray_renderer import HERE, RayRenderer

    renderer = RayRenderer.of(make, HERE, replicas)
    try:
        yield renderer
    finally:
        renderer.close()


def measured(model: str) -> Iterator[Measured]:
    make = partial(engine, model)
    yield from drawing(make(), "in this process")
    for replicas in (1, 2):
        started = time.perf_counter()
        with on_ray(make, replicas) as renderer:
            yield Measured(f"until Ray and {replicas} replica(s) are ready", time.perf_counter() - started, "s")
            asked = [seconds(lambda: renderer.side("measured")) for _ in range(20)]
            yield Measured(f"a question to {replicas} replica(s)", 1000 * statistics.median(asked), "ms")
            yield from drawing(renderer, f"by {replicas} replica(s)")
            yield Measured(f"resident memory of Ray and {replicas} replica(s)", resident(), "MiB")


def main() -> None:
    with TemporaryDirectory() as folder, quiet():
        for one in measured(str(tiny_models.sd15(Path(folder) / "tiny"))):
            print(one.line(), flush=True)


if __name__ == "__main__":
    main()
