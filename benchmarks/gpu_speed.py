"""What one GPU gives at the true sizes: pictures a second, seconds a picture, and what LoRAs take of that."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks import true_models
from benchmarks.mixed_requests import InTurn, Model, Together
from benchmarks.results import Better, Row
from knowledge.recipe import ControlUse, LoraUse, Recipe
from tools.engine.quiet import quiet

PEAK = 790.0
"""TFLOP/s of one H200 in half precision, as measured; the share of it is only right there."""


@dataclass(frozen=True)
class Course:
    """`crowd` requests of so many steps; `work` is the TFLOP of a picture: guided steps, and decoding."""

    family: str
    crowd: int
    steps: int
    work: float


SD15 = Course("SD 1.5", 16, 20, 20 * 1.607 + 2.51)
SDXL = Course("SDXL", 8, 30, 30 * 13.52 + 10.47)


@dataclass(frozen=True)
class Trial:
    model: Model
    course: Course
    true: bool

    @cached_property
    def together(self) -> Together:
        return Together(self.model)

    def requests(self, count: int, loras: bool = False, control: bool = False, seed: int = 0) -> list[Recipe]:
        return [self._request(number, loras, control, seed) for number in range(count)]

    def _request(self, number: int, loras: bool, control: bool, seed: int) -> Recipe:
        worn = sorted(self.model.loras)[number % len(self.model.loras)]
        return Recipe(
            model="measured",
            prompt=f"request {number} of {seed}",
            width=self.model.side,
            height=self.model.side,
            num_inference_steps=self.course.steps if self.true else 2,
            seed=number,
            loras=(LoraUse(name="one", sha256=worn),) if loras else (),
            controls=(ControlUse(kind="canny", image_id="1" * 64),) if control else (),
        )

    def rate(self, draw: Callable[[Sequence[Recipe]], object], requests: Sequence[Recipe]) -> float:
        """Pictures a second, the median of three; once before to warm up."""
        return statistics.median(len(requests) / seconds(lambda: draw(requests)) for _ in range(4))


def seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def trial(folder: str, course: Course) -> Trial:
    true = torch.cuda.is_available()
    return Trial(true_models.model(Path(folder), course.family, true), course, true)


def row(id: str, what: str, value: float, unit: str, better: Better, target: float, one: Trial, note: str = "") -> Row:
    """A rehearsal on small models has no target."""
    said = note if one.true else "rehearsed on small models, without a GPU"
    return Row(id, what, value, value, value, unit, better, target if one.true else None, said)


def sd15(share: float) -> list[Row]:
    """H1, H2, H3, and SD 1.5's part of H5 and H6."""
    with TemporaryDirectory() as folder, quiet():
        one = trial(folder, SD15)
        crowd = max(2, round(SD15.crowd * share))
        plain = one.rate(one.together.draw, one.requests(crowd))
        worn = one.rate(one.together.draw, one.requests(crowd, loras=True))
        led = one.rate(one.together.draw, one.requests(crowd, loras=True, control=True))
        alone = 1 / one.rate(one.together.draw, one.requests(1))
        dressed = 1 / one.rate(one.together.draw, one.requests(1, loras=True))
        note = f"{100 * plain * SD15.work / PEAK:.0f} % of {PEAK:.0f} TFLOP/s"
        rows = [
            row("H1", f"SD 1.5, {crowd} at once", plain, "pictures/s", "higher", 9, one, note),
            row("H2", "the same with a LoRA each, over without", worn / plain, "rate", "higher", 0.85, one),
            row("H2-control", "and a ControlNet each", led, "pictures/s", "higher", 6.9, one),
            row("H3", "SD 1.5, one picture", alone, "s", "lower", 0.25, one),
            row("H3-lora", "the same with a LoRA, over without", dressed / alone, "x", "lower", 1.03, one),
        ]
        return rows + rivals(one, "", crowd, 4, 10)


def sdxl(share: float) -> list[Row]:
    """H4, and SDXL's part of H5 and H6."""
    with TemporaryDirectory() as folder, quiet():
        one = trial(folder, SDXL)
        crowd = max(2, round(SDXL.crowd * share))
        plain = one.rate(one.together.draw, one.requests(crowd))
        alone = 1 / one.rate(one.together.draw, one.requests(1))
        note = f"{100 * plain * SDXL.work / PEAK:.0f} % of {PEAK:.0f} TFLOP/s"
        rows = [
            row("H4", f"SDXL, {crowd} at once", plain, "pictures/s", "higher", 0.76, one, note),
            row("H4-one", "SDXL, one picture", alone, "s", "lower", 1.5, one),
        ]
        return rows + rivals(one, "-xl", crowd, 1.8, 40)


def rivals(one: Trial, end: str, crowd: int, faster: float, switch: float) -> list[Row]:
    """H5: beside diffusers, which loads each request's LoRA; H6: what another LoRA costs a picture that is alone."""
    asked = one.requests(crowd, loras=True, seed=1)
    ours, theirs = one.rate(one.together.draw, asked), one.rate(InTurn(one.model, preloaded=False).draw, asked)
    same, other = one.requests(2, loras=True)
    again = statistics.median(seconds(partial(one.together.draw, [same])) for _ in range(4))
    changed = statistics.median(seconds(partial(one.together.draw, [each])) for each in (other, same) * 2)
    what = f"{one.course.family}, {crowd} requests with a LoRA each"
    return [
        row(f"H5{end}", f"{what}: over diffusers one by one", ours / theirs, "x", "higher", faster, one),
        row(f"H6{end}", "another LoRA than the last", 1000 * (changed - again), "ms", "lower", switch, one),
    ]
