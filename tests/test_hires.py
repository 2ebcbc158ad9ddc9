"""The second pass: what diffusers makes of the enlarged picture, in the same request."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from diffusers import DiffusionPipeline
from PIL import Image

from knowledge.problems import TryAgain
from knowledge.recipe import ControlUse, Hires, LoraUse, Recipe, ReferenceUse, Upscaler
from tests import tiny_models
from tests.diffusers_oracle import alone, decoded
from tools.call import Call
from tools.engine.adapters import wearing
from tools.engine.engine import Engine
from tools.engine.engine_renderer import EngineRenderer
from tools.engine.job import Job
from tools.engine.model_files import KnownModel
from tools.engine.pixels import sized
from tools.engine.row import Row
from tools.renderer import Cancelled, Rendered

MAP, SEEN, LORA = "a" * 64, "b" * 64, "c" * 64
IMAGES = {
    MAP: Image.effect_mandelbrot((96, 96), (-2, -1, 1, 1), 20).convert("RGB"),
    SEEN: Image.linear_gradient("L").convert("RGB"),
}
TASKS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "of its own steps": {"hires": Hires(scale=1.5, steps=7, strength=0.5)},
    "controlled": {"controls": (ControlUse(kind="canny", image_id=MAP),), "scheduler": "dpmpp_2m"},
    "controlled for a while": {"controls": (ControlUse(kind="canny", image_id=MAP, end=0.5),)},
    "with a reference": {"references": (ReferenceUse(image_id=SEEN),), "scheduler": "euler_a"},
    "in two orders": {"scheduler": "heun"},
    "with a LoRA": {"loras": (LoraUse(name="ink", sha256=LORA, weight=0.7),), "scheduler": "unipc"},
    "without a second pass": {"hires": None},
}


@dataclass(frozen=True)
class Studio:
    folder: Path
    renderer: EngineRenderer
    rows: dict[Job, Row] = field(default_factory=dict)

    def engine(self) -> Engine:
        """One whose last rows can be looked at afterwards."""

        def begin(job: Job) -> Row | Rendered:
            row = self.renderer._begin(job)  # pyright: ignore[reportPrivateUsage]
            assert isinstance(row, Row)
            self.rows[job], then = row, row.then
            if then is not None:

                def second(done: Row) -> Row:
                    self.rows[job] = then(done)
                    return self.rows[job]

                row.then = second
            return row

        return Engine(begin)

    def recipe(self, **changes: Any) -> Recipe:
        plain = {"model": "tiny", "prompt": "a fox", "width": 64, "height": 64, "num_inference_steps": 4}
        return Recipe.model_validate(plain | {"hires": Hires()} | changes)

    def job(self, recipe: Recipe) -> Job:
        images = {image_id: sized(image, recipe.width, recipe.height) for image_id, image in IMAGES.items()}
        return Job(recipe, images, whole=dict(IMAGES))


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    folder, known = tmp_path_factory.mktemp("models"), {}
    for name, build in (("tiny", tiny_models.sd15), ("tiny-xl", tiny_models.sdxl)):
        model = build(folder / name)
        net, adapter = folder / f"{name}-net", folder / f"{name}-adapter"
        tiny_models.controlnet(net, model)
        tiny_models.ip_adapter(adapter, model)
        known[name] = KnownModel(str(model), name, {"canny": str(net)}, 64, str(adapter))
    lora = tiny_models.kohya_lora(folder / "ink.safetensors", folder / "tiny", strength=0.1)
    return Studio(folder, EngineRenderer(IMAGES.__getitem__, {LORA: lora}.__getitem__, known, "cpu"))


@pytest.mark.parametrize("model", ["tiny", "tiny-xl"])
def test_a_crowd_of_two_passes_gives_what_two_calls_of_diffusers_give(studio: Studio, model: str) -> None:
    tasks = [changes for changes in TASKS.values() if model == "tiny" or "loras" not in changes]
    jobs = [studio.job(studio.recipe(model=model, seed=n, **changes)) for n, changes in enumerate(tasks)]
    submit(studio.engine(), jobs)
    sizes = [job.outcome().image.size for job in jobs]
    assert sizes == [job.recipe.drawn_size for job in jobs]
    assert set(sizes) == {(64, 64), (96, 96), (128, 128)}
    oracle = DiffusionPipeline.from_pretrained(studio.folder / model)
    for job in jobs:
        expected = decoded(oracle, in_two_calls(studio, oracle, job.recipe))
        difference = (decoded(oracle, studio.rows[job].latents) - expected).abs().max().item()
        assert difference <= 1e-4, (job.recipe, difference)


@pytest.mark.parametrize("model", ["tiny", "tiny-xl"])
def test_a_picture_can_be_enlarged_instead_of_its_latents(studio: Studio, model: str) -> None:
    recipe = studio.recipe(model=model, hires=Hires(upscaler="lanczos", strength=0.6), seed=3)
    job = studio.job(recipe)
    submit(studio.engine(), [job])
    job.outcome()
    first = studio.renderer.render(recipe.model_copy(update={"hires": None}), Call()).image
    oracle = DiffusionPipeline.from_pretrained(studio.folder / model)
    larger = first.resize((128, 128), Image.Resampling.LANCZOS)
    expected = decoded(oracle, alone(oracle, from_image(recipe), {"f" * 64: larger}, studio.folder))
    assert (decoded(oracle, studio.rows[job].latents) - expected).abs().max() <= 1e-4


def in_two_calls(studio: Studio, oracle: Any, recipe: Recipe) -> torch.Tensor:
    name, width = recipe.model, recipe.drawn_size[0]
    folders = studio.folder / f"{name}-net", studio.folder / f"{name}-adapter"
    loras = [(use, studio.renderer.lora_path(use.sha256)) for use in recipe.loras]
    with wearing(oracle, name, loras):
        small = {**{one: sized(image, 64, 64) for one, image in IMAGES.items()}, SEEN: IMAGES[SEEN]}
        latents = alone(oracle, recipe, small, *folders)
        if recipe.hires is None:
            return latents
        latents = F.interpolate(latents, (width // 8, width // 8), mode="bilinear")
        large = {**{one: sized(image, width, width) for one, image in IMAGES.items()}, SEEN: IMAGES[SEEN]}
        return alone(oracle, from_image(recipe), large | {"f" * 64: latents}, *folders)


def from_image(recipe: Recipe) -> Recipe:
    """The second pass as a recipe of its own."""
    assert recipe.hires
    width, height = recipe.drawn_size
    changes = {"width": width, "height": height, "init_image_id": "f" * 64, "strength": recipe.hires.strength}
    steps = recipe.hires.steps or recipe.num_inference_steps
    return recipe.model_copy(update=changes | {"num_inference_steps": steps, "hires": None})


@pytest.mark.parametrize("upscaler", ["latent", "lanczos"])
def test_progress_counts_both_passes(studio: Studio, upscaler: Upscaler) -> None:
    steps: list[tuple[int, int]] = []
    recipe = studio.recipe(hires=Hires(upscaler=upscaler, strength=0.5, steps=6))
    studio.renderer.render(recipe, Call(lambda done, of: steps.append((done, of))))
    assert steps == [(n, 7) for n in range(1, 8)]


def test_a_second_pass_can_be_stopped(studio: Studio) -> None:
    stop, seen = threading.Event(), list[int]()

    def progressed(done: int, of: int) -> None:
        seen.append(done)
        if done == 5:
            stop.set()

    with pytest.raises(Cancelled):
        studio.renderer.render(studio.recipe(hires=Hires(steps=100)), Call(progressed, stop))
    assert seen == [1, 2, 3, 4, 5]


def test_a_second_pass_that_breaks_is_told_and_harms_no_other(studio: Studio) -> None:
    engine, jobs = studio.engine(), [studio.job(studio.recipe(seed=n)) for n in range(2)]
    begin = engine.begin

    def breaking(job: Job) -> Row | Rendered:
        row = begin(job)
        if job is jobs[0] and isinstance(row, Row):
            row.then = broken
        return row

    engine.begin = breaking
    submit(engine, jobs)
    with pytest.raises(ZeroDivisionError):
        jobs[0].outcome()
    assert jobs[1].outcome().image.size == (128, 128)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"init_image_id": MAP}, "from nothing"),
        ({"hires": Hires(strength=0.1)}, "no step for the second pass"),
        ({"hires": Hires(scale=4), "width": 2048}, "would draw 8192x256 pixels"),
    ],
)
def test_a_second_pass_that_makes_no_sense_is_refused(studio: Studio, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(TryAgain, match=said):
        studio.renderer.render(studio.recipe(**wrong), Call())


def submit(engine: Engine, jobs: list[Job]) -> None:
    with engine._lock:  # pyright: ignore[reportPrivateUsage]
        for job in jobs[:-1]:
            engine.line.put(job)
    engine.submit(jobs[-1])


def broken(row: Row) -> Row:
    raise ZeroDivisionError
