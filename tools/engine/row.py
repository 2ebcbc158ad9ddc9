"""One picture in the denoising loop: its latents, its own sampler, and all that steers it."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from knowledge.recipe import Recipe
from tools.engine.followers import Followed
from tools.engine.job import Job, Stepped
from tools.engine.lora.wardrobe import Wear
from tools.engine.references import Reference
from tools.engine.stable_diffusion import StableDiffusion
from tools.engine.text_encoding import Words


@dataclass(frozen=True)
class Kept:
    """What stays around the mask: the picture's latents, the noise they are shown with, and 1 where to repaint."""

    latents: Tensor
    noise: Tensor
    mask: Tensor

    def around(self, drawn: Tensor, scheduler: Any, upcoming: Tensor) -> Tensor:
        """`drawn` inside the mask; outside, the picture as noisy as the next step expects, or clean after the last."""
        kept = scheduler.add_noise(self.latents, self.noise, upcoming) if len(upcoming) else self.latents
        return (1 - self.mask) * kept + self.mask * drawn


@dataclass(eq=False)
class Row:
    """
    Latents have shape (1, 4, height / 8, width / 8). Timesteps and the sampler's tables are on the CPU.

    `beside` are channels an inpainting UNet reads with the latents; `added` is what SDXL is told of sizes.
    """

    job: Job
    model: StableDiffusion
    words: Words
    scheduler: Any
    timesteps: Tensor
    latents: Tensor
    sampling: Mapping[str, Any]
    wears: tuple[Wear, ...] = ()
    followed: tuple[Followed, ...] = ()
    references: tuple[Reference, ...] = ()
    kept: Kept | None = None
    beside: Tensor | None = None
    added: Tensor | None = None
    step: int = 0
    expected: Tensor | None = None
    """What the sampler now takes the end to be, where it says so; else the latents."""
    began: float = field(default_factory=time.monotonic)
    before: int = 0
    """Steps of the pass before this one."""
    after: int = 0
    """Steps of the pass that comes after this one."""
    then: Callable[[Row], Row] | None = None
    """How that pass begins."""

    @property
    def recipe(self) -> Recipe:
        return self.job.recipe

    @property
    def timestep(self) -> Tensor:
        return self.timesteps[self.step]

    @property
    def done(self) -> bool:
        return self.step == len(self.timesteps)

    @property
    def guided(self) -> bool:
        return self.words.negative is not None

    @property
    def kind(self) -> Hashable:
        """Rows of one kind fit into one call of the UNet."""
        alone = id(self) if self.job.call.asked.strict else None
        tokens = self.words.positive.states.shape[1]
        return id(self.model), tuple(self.latents.shape), tokens, self.model.wardrobe.group(self.wears), alone

    def seen(self) -> Tensor:
        """The latents as the UNet expects them at this step."""
        return self.scheduler.scale_model_input(self.latents, self.timestep)

    def following(self) -> list[Followed]:
        """The maps that count at this step."""
        return [one for one in self.followed if one.at(self.step, len(self.timesteps))]

    def advance(self, prediction: Tensor) -> None:
        """One step of the sampler on what the UNet said."""
        stepped = self.scheduler.step(prediction, self.timestep, self.latents, **self.sampling)
        self.latents = stepped.prev_sample.to(prediction.dtype)
        self.expected = getattr(stepped, "pred_original_sample", self.latents)
        self.step += 1
        if self.kept is not None:
            upcoming = self.timesteps[self.step : self.step + 1]
            self.latents = self.kept.around(self.latents, self.scheduler, upcoming)

    def told(self) -> Stepped:
        """How far it is, with a preview for whoever looks."""
        expected = self.expected if self.job.call.on_preview is not None else None
        preview = None if expected is None else self.model.previews.image(expected)
        return Stepped(self.before + self.step, self.before + len(self.timesteps) + self.after, preview)


def generator(recipe: Recipe) -> torch.Generator:
    """On the CPU whatever the device: the same noise everywhere."""
    return torch.Generator("cpu").manual_seed(recipe.seed)
