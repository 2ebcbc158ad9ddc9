"""What a step costs: maps that differ in one call, a preview, a picture that nobody wants any more."""

from __future__ import annotations

import statistics
import threading
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks.mixed_requests import Together
from benchmarks.render_speed import book, cpu, tiny
from benchmarks.results import Row
from benchmarks.timing import median
from knowledge.recipe import ControlUse, Patch, Recipe
from tests import tiny_models
from tools.call import Call
from tools.engine.engine import Engine
from tools.engine.engine_renderer import EngineRenderer
from tools.engine.job import Job
from tools.engine.model_files import KnownModel
from tools.engine.previews import Previews
from tools.engine.quiet import quiet
from tools.engine.row import Row as EngineRow
from tools.renderer import Cancelled


def mixed_controls(share: float) -> list[Row]:
    """P7: rows that follow one map, another, both or none, in one call of the UNet over a call each."""
    with TemporaryDirectory() as folder, quiet():
        model = tiny(Path(folder))
        other = tiny_models.controlnet(Path(folder) / "other", model.folder, 5)
        known = KnownModel(str(model.folder), "measured", {"canny": str(model.controlnet), "scribble": str(other)}, 64)
        renderer = EngineRenderer(model.images.__getitem__, {}.__getitem__, {"measured": known}, "cpu")
        maps = (ControlUse(kind="canny", image_id="1" * 64), ControlUse(kind="scribble", image_id="2" * 64))
        plain = Recipe(model="measured", prompt="a fox", width=64, height=64)
        recipes = [plain.patched(Patch(controls=controls)) for controls in (maps[:1], (), maps[1:], maps)]
        with torch.inference_mode():
            rows = [begun(renderer, Job(recipe, model.images)) for recipe in recipes]
            denoiser = rows[0].model.denoiser
            ratios = [
                cpu(denoiser.predict, rows) / sum(cpu(denoiser.predict, [row]) for row in rows)
                for _ in range(max(5, round(40 * share)))
            ]
    what = "four rows that follow different maps: one call over a call each"
    return [median("P7", what, ratios[2:], "x", 0.8)]


def begun(renderer: EngineRenderer, job: Job) -> EngineRow:
    row = renderer.engine.begin(job)
    assert isinstance(row, EngineRow)
    return row


def watched(share: float) -> list[Row]:
    """P8: steps after a picture is cancelled, and what a preview costs beside a step, both on the picture book."""
    with TemporaryDirectory() as folder, quiet():
        model = book(Path(folder))
        together = Together(model)
        recipe = Recipe(model="measured", prompt="a red house", num_inference_steps=12)
        together.draw([recipe])
        late = [steps_after_cancelling(together, recipe, step) for step in (1, 4, 9)]
        with torch.inference_mode():
            row = begun(together.renderer, Job(recipe, model.images))
            previews = Previews(row.model.coder)
            previews.image(row.latents)
            step = statistics.median(cpu(row.model.denoiser.predict, [row]) for _ in range(9))
            shown = statistics.median(cpu(previews.image, row.latents) for _ in range(99))
    most, part = max(late), shown / step
    return [
        Row("P8", "steps drawn after a picture is cancelled, at most", most, most, most, "steps", "lower", 1),
        Row("P8b", "a preview over a step of the picture book", part, part, part, "rate", "lower", 0.01),
    ]


def steps_after_cancelling(together: Together, recipe: Recipe, after: int) -> int:
    stop = threading.Event()
    rows: list[EngineRow] = []

    def kept(job: Job) -> EngineRow:
        rows.append(begun(together.renderer, job))
        return rows[0]

    seen = 0

    def count(done: int, of: int) -> None:
        nonlocal seen
        if done == after:
            stop.set()
            seen = rows[0].step

    job = Job(recipe, together.model.images, Call(count, stop))
    engine = Engine(kept)
    engine.submit(job)
    with suppress(Cancelled):
        job.outcome()
    engine.close()
    return rows[0].step - seen
