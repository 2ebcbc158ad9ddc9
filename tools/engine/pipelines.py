"""Whole pictures by diffusers' own pipelines: for models whose loop is not the engine's, and its oracle in tests."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoPipelineForImage2Image, AutoPipelineForText2Image, DiffusionPipeline
from PIL import Image

from knowledge.problems import TryAgain
from knowledge.recipe import Recipe
from tools.engine.adapters import wearing
from tools.engine.arguments import call_arguments, refuse_size, refuse_what_pipelines_cannot
from tools.engine.job import Job, Stepped
from tools.engine.loaded_model import LoadedModel
from tools.engine.model_store import ModelStore
from tools.engine.schedulers import scheduler_for


@dataclass(frozen=True)
class Pipelines:
    """One picture at a time, on the thread that owns the models. `lora_path` gives an adapter's file by SHA-256."""

    store: ModelStore
    lora_path: Callable[[str], Path]

    def draw(self, job: Job, model: LoadedModel) -> Image.Image:
        recipe = job.recipe
        refuse_what_pipelines_cannot(recipe)
        pipeline = self._pipeline(model, recipe)
        loras = [(use, self.lora_path(use.sha256)) for use in recipe.loras]
        with wearing(model.pipeline, recipe.model, loras):
            return drawn(pipeline, job)

    def _pipeline(self, model: LoadedModel, recipe: Recipe) -> DiffusionPipeline:
        """The model's own parts in the pipeline that the recipe asks for, with a scheduler of its own."""
        refuse_size(model.pipeline, recipe)
        from_image = recipe.init_image_id is not None
        changes: dict[str, Any] = {"scheduler": scheduler_for(recipe.scheduler, model.pipeline.scheduler, from_image)}
        nets = [self.store.controlnet(recipe.model, use.kind) for use in recipe.controls]
        if nets:
            changes["controlnet"] = nets[0] if len(nets) == 1 else nets
        auto = AutoPipelineForImage2Image if from_image else AutoPipelineForText2Image
        try:
            pipeline = auto.from_pipe(model.pipeline, **changes)
        except ValueError as problem:
            raise TryAgain(
                f"{recipe.model!r} cannot start from an image or follow a control: leave it out."
            ) from problem
        pipeline.set_progress_bar_config(disable=True)
        return pipeline


def drawn(pipeline: Any, job: Job) -> Image.Image:
    recipe = job.recipe
    arguments = call_arguments(pipeline, recipe, job.images.__getitem__) | watching(pipeline, job)
    with torch.inference_mode(False), torch.no_grad():
        image = pipeline(**arguments).images[0].convert("RGB")
    if image.size != (recipe.width, recipe.height):
        size = f"{recipe.width}x{recipe.height}"
        raise TryAgain(f"{recipe.model!r} draws {image.width}x{image.height}, not {size}: ask for that size.")
    return image


def watching(pipeline: Any, job: Job) -> dict[str, Any]:
    """How this pipeline is asked to tell of its steps: most by one name, a few (PixArt) still by an older one."""

    def told(done: int, of: int) -> None:
        job.tell(Stepped(done, of))
        job.check()

    def after_step(pipeline: Any, step: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        told(step + 1, pipeline.num_timesteps)
        return tensors

    if "callback_on_step_end" in inspect.signature(type(pipeline).__call__).parameters:
        return {"callback_on_step_end": after_step}
    return {"callback": lambda step, *_: told(step + 1, job.recipe.num_inference_steps), "callback_steps": 1}
