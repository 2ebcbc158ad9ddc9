"""From a job to a row of the denoising loop: what diffusers' pipelines do before their own loops."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from knowledge import lora_blocks
from knowledge.problems import TryAgain
from knowledge.recipe import ControlUse, Hires, LoraUse, Recipe, ReferenceUse
from tools.engine.arguments import refuse_size
from tools.engine.followers import Followed, Follower
from tools.engine.hires import enlarged, second
from tools.engine.job import Job
from tools.engine.lora.wardrobe import Wear
from tools.engine.model_store import ModelStore
from tools.engine.pixels import hidden, sized, unsigned
from tools.engine.references import Reference
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
        refuse_size(model.pipeline, job.recipe)
        row, hires = self._row(job, model, job.recipe), job.recipe.hires
        if hires is not None:
            upcoming = second(job.recipe, hires)
            row.after = len(sampler(model, upcoming, True)[1])
            row.then = lambda done: self._second(done, upcoming, hires)
        return row

    def started(self, job: Job, model: StableDiffusion, begun: Tensor) -> Row:
        """From latents as noisy as the recipe's strength says."""
        return self._row(job, model, job.recipe, begun)

    def _second(self, done: Row, recipe: Recipe, hires: Hires) -> Row:
        row = self._row(done.job, done.model, recipe, enlarged(done, hires))
        row.began, row.before = done.began, len(done.timesteps)
        return row

    def _row(self, job: Job, model: StableDiffusion, recipe: Recipe, begun: Tensor | Image.Image | None = None) -> Row:
        """One pass: `recipe` is the job's own, or says what its second pass is, which starts from what is `begun`."""
        scheduler, timesteps = sampler(model, recipe, recipe.init_image_id is not None or begun is not None)
        wears = tuple(self._wear(use, model) for use in recipe.loras)
        chance = generator(recipe)
        started = Start(model, recipe, job.images, scheduler, timesteps, chance, begun).made()
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
            followed=tuple(self._followed(use, model, job, recipe) for use in recipe.controls),
            references=tuple(self._reference(use, job) for use in recipe.references),
            kept=started.kept,
            beside=started.beside,
            added=model.sizes(recipe),
        )

    def _wear(self, use: LoraUse, model: StableDiffusion) -> Wear:
        return model.wardrobe.wear(use, self.lora_path(use.sha256), lora_blocks.named(use.blocks))

    def _reference(self, use: ReferenceUse, job: Job) -> Reference:
        return self.store.ip_adapter(job.recipe.model).reference(use.image_id, job.whole[use.image_id], use.scale)

    def _followed(self, use: ControlUse, model: StableDiffusion, job: Job, recipe: Recipe) -> Followed:
        image = job.images[use.image_id]
        if image.size != (recipe.width, recipe.height):
            image = sized(job.whole[use.image_id], recipe.width, recipe.height, use.exact)
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


def sampler(model: StableDiffusion, recipe: Recipe, from_image: bool) -> tuple[Any, Tensor]:
    """A scheduler, and the timesteps to go through: from an image, only the last `strength` of them."""
    scheduler: Any = scheduler_for(recipe.scheduler, model.pipeline.scheduler, from_image)
    set_steps(scheduler, recipe)
    if not from_image:
        return scheduler, scheduler.timesteps
    asked = recipe.num_inference_steps
    skipped = (asked - min(int(asked * recipe.strength), asked)) * scheduler.order
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(skipped)
    return scheduler, scheduler.timesteps[skipped:]


def set_steps(scheduler: Any, recipe: Recipe) -> None:
    try:
        scheduler.set_timesteps(recipe.num_inference_steps, device="cpu")
    except ValueError as problem:
        asked = f"{recipe.num_inference_steps} steps"
        raise TryAgain(f"{recipe.scheduler!r} cannot draw in {asked} here: ask for fewer steps.") from problem
