"""Requests as a shared machine sees them, all different, and the two ways to draw them: the engine, and one by one."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    ControlNetModel,
    DiffusionPipeline,
    StableDiffusionControlNetPipeline,
    StableDiffusionXLControlNetPipeline,
)
from PIL import Image

from knowledge.recipe import ControlUse, LoraUse, Recipe, Scheduler
from tools.engine.engine import Engine
from tools.engine.engine_renderer import EngineRenderer
from tools.engine.job import Job
from tools.engine.model_files import KnownModel
from tools.engine.quiet import quiet
from tools.engine.schedulers import scheduler_for

SAMPLERS: tuple[Scheduler, ...] = ("euler", "ddim", "dpmpp_2m", "unipc")
STEPS = (8, 12, 16)
MAPS: Mapping[str, tuple[float, float, float, float]] = {"1" * 64: (-2, -1, 1, 1), "2" * 64: (-1, -1, 0, 0)}
"""Control maps by id: parts of the Mandelbrot set."""


@dataclass(frozen=True)
class Model:
    """A model's folder, its ControlNet's, LoRA files by hash, and the side of its pictures in pixels."""

    folder: Path
    controlnet: Path
    loras: Mapping[str, Path]
    side: int
    device: str = "cpu"

    @property
    def dtype(self) -> torch.dtype:
        return torch.float16 if self.device == "cuda" else torch.float32

    @cached_property
    def images(self) -> dict[str, Image.Image]:
        size = (self.side, self.side)
        return {name: Image.effect_mandelbrot(size, box, 30).convert("RGB") for name, box in MAPS.items()}

    def requests(self, count: int, seed: int) -> list[Recipe]:
        """None to two LoRAs each, three in ten with a ControlNet; prompts that were never asked before."""
        rng = random.Random(seed)
        return [self._request(rng, seed, number) for number in range(count)]

    def _request(self, rng: random.Random, seed: int, number: int) -> Recipe:
        worn = rng.sample(sorted(self.loras), rng.choice((0, 1, 1, 2)))
        map_ = rng.choice(sorted(self.images))
        return Recipe(
            model="measured",
            prompt=f"request {number} of {seed}",
            width=self.side,
            height=self.side,
            num_inference_steps=rng.choice(STEPS),
            guidance_scale=rng.choice((4.0, 7.5)),
            scheduler=SAMPLERS[number % len(SAMPLERS)],
            seed=rng.randrange(1 << 31),
            loras=tuple(LoraUse(name=one[:6], sha256=one, weight=rng.choice((0.5, 1.0))) for one in worn),
            controls=(ControlUse(kind="canny", image_id=map_),) if rng.random() < 0.3 else (),
        )


@dataclass(frozen=True)
class Together:
    """The engine, on requests that all are there at once."""

    model: Model

    @cached_property
    def renderer(self) -> EngineRenderer:
        known = KnownModel(str(self.model.folder), "measured", {"canny": str(self.model.controlnet)}, self.model.side)
        return EngineRenderer(
            self.model.images.__getitem__, self.model.loras.__getitem__, {"measured": known}, self.model.device
        )

    def draw(self, requests: Sequence[Recipe]) -> None:
        jobs = [Job(recipe, self.model.images) for recipe in requests]
        engine = Engine(self.renderer.engine.begin)
        for job in jobs:
            engine.submit(job)
        for job in jobs:
            job.outcome()

    def forget(self) -> None:
        """LoRA files are read anew."""
        with quiet():
            ours = self.renderer.store.model("measured").ours
        assert ours is not None
        with torch.inference_mode():
            vars(ours).pop("wardrobe").bare()
        vars(ours).pop("denoiser")


@dataclass(frozen=True)
class InTurn:
    """diffusers as its guides have it: one pipeline, adapters by peft, `preloaded` or loaded for each request."""

    model: Model
    preloaded: bool

    def draw(self, requests: Sequence[Recipe]) -> None:
        for recipe in requests:
            self.draw_one(recipe)

    def draw_one(self, recipe: Recipe) -> None:
        plain, controlled = self.pipelines
        pipeline = controlled if recipe.controls else plain
        pipeline.scheduler = scheduler_for(recipe.scheduler, pipeline.scheduler)
        self._wear(plain, recipe)
        asked: dict[str, Any] = {
            "prompt": recipe.prompt,
            "num_inference_steps": recipe.num_inference_steps,
            "guidance_scale": recipe.guidance_scale,
            "width": recipe.width,
            "height": recipe.height,
            "generator": torch.Generator("cpu").manual_seed(recipe.seed),
        }
        if recipe.controls:
            asked["image"] = self.model.images[recipe.controls[0].image_id]
        pipeline(**asked)
        if recipe.loras and not self.preloaded:
            plain.unload_lora_weights()

    def _wear(self, pipeline: Any, recipe: Recipe) -> None:
        if not recipe.loras:
            if self.preloaded:
                pipeline.disable_lora()
            return
        if self.preloaded:
            pipeline.enable_lora()
        else:
            for use in recipe.loras:
                self._load(pipeline, use.sha256)
        pipeline.set_adapters([use.sha256 for use in recipe.loras], [use.weight for use in recipe.loras])

    def _load(self, pipeline: Any, sha256: str) -> None:
        file = self.model.loras[sha256]
        pipeline.load_lora_weights(str(file.parent), weight_name=file.name, adapter_name=sha256)
        # a half-precision file drags the whole model down to its own precision
        pipeline.unet.to(dtype=self.model.dtype)

    def _controlled(self, plain: Any, net: ControlNetModel) -> Any:
        xl = "StableDiffusionXL" in type(plain).__name__
        kind: Any = StableDiffusionXLControlNetPipeline if xl else StableDiffusionControlNetPipeline
        return kind(**plain.components, controlnet=net)

    @cached_property
    def pipelines(self) -> tuple[Any, Any]:
        plain: Any = DiffusionPipeline.from_pretrained(self.model.folder, dtype=self.model.dtype)
        net = ControlNetModel.from_pretrained(self.model.controlnet, dtype=self.model.dtype)
        controlled = self._controlled(plain, net)
        for pipeline in (plain, controlled):
            pipeline.to(self.model.device).set_progress_bar_config(disable=True)
        for sha256 in self.model.loras if self.preloaded else ():
            self._load(plain, sha256)
        return plain, controlled
