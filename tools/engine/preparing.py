"""From a job to a row of the denoising loop: what diffusers' pipelines do before their own loops."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from knowledge.problems import TryAgain
from knowledge.recipe import ControlUse, Recipe
from tools.engine.arguments import refuse_size
from tools.engine.followers import Followed, Follower
from tools.engine.job import Job
from tools.engine.model_store import ModelStore
from tools.engine.pixels import hidden, unsigned
from tools.engine.row import Row, generator
from tools.engine.schedulers import scheduler_for
from tools.engine.stable_diffusion import StableDiffusion
from tools.engine.starting import Start


@dataclass(frozen=True)
class Preparer:
    """`lora_path` gives an adapter's file by SHA-256."""

    store: ModelStore
    lora_path: Callable[[str], Path]

    def row(self, job: Job, model: StableDiffusion) -> Row:
        """Raises `TryAgain` for what this model cannot do."""
        recipe = job.recipe
        refuse_size(model.pipeline, recipe)
        scheduler: Any = scheduler_for(recipe.scheduler, model.pipeline.scheduler, recipe.init_image_id is not None)
        set_steps(scheduler, recipe)
        timesteps = steps(scheduler, recipe)
        wears = tuple(model.wardrobe.wear(use, self.lora_path(use.sha256)) for use in recipe.loras)
        chance = generator(recipe)
        started = Start(model, recipe, job.images, scheduler, timesteps, chance).made()
        stochastic = "generator" in inspect.signature(scheduler.step).parameters
        return Row(
            job=job,
            model=model,
            words=model.words(recipe, wears),
            scheduler=scheduler,
            timesteps=timesteps,
            latents=started.latents,
            sampling={"generator": chance} if stochastic else {},
            wears=wears,
            followed=tuple(self._followed(use, model, job) for use in recipe.controls),
            kept=started.kept,
            beside=started.beside,
            added=model.sizes(recipe),
        )

    def _followed(self, use: ControlUse, model: StableDiffusion, job: Job) -> Followed:
        image = job.images[use.image_id]
        if use.kind not in model.followers:
            net: Any = self.store.controlnet(job.recipe.model, use.kind)
            if net.config.cross_attention_dim != model.unet.config.cross_attention_dim:
                raise TryAgain(f"The {use.kind!r} ControlNet is not for {job.recipe.model!r}: leave the control out.")
            model.followers[use.kind] = Follower.of(net)
        follower = model.followers[use.kind]
        key = (use.kind, use.image_id, image.size)
        control = hidden(unsigned(image)) if use.kind == "inpaint" else unsigned(image)
        condition = model.conditions.of(key, lambda: follower.embedded(control))
        return Followed(follower, condition, use.conditioning_scale, use.start, use.end)


def set_steps(scheduler: Any, recipe: Recipe) -> None:
    try:
        scheduler.set_timesteps(recipe.num_inference_steps, device="cpu")
    except ValueError as problem:
        asked = f"{recipe.num_inference_steps} steps"
        raise TryAgain(f"{recipe.scheduler!r} cannot draw in {asked} here: ask for fewer steps.") from problem


def steps(scheduler: Any, recipe: Recipe) -> Tensor:
    """The timesteps to go through: from an image, only the last `strength` of them."""
    if recipe.init_image_id is None:
        return scheduler.timesteps
    skipped = recipe.num_inference_steps - min(
        int(recipe.num_inference_steps * recipe.strength), recipe.num_inference_steps
    )
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(skipped * scheduler.order)
    return scheduler.timesteps[skipped * scheduler.order :]
