"""A Stable Diffusion 1, 2 or XL opened up: the parts of its pipeline that the engine's own loop drives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline
from torch import Tensor

from knowledge.recipe import Recipe
from tools.engine.bounded_cache import BoundedCache
from tools.engine.compiled import Compiled
from tools.engine.decoding import Coder
from tools.engine.denoiser import Denoiser
from tools.engine.followers import Follower
from tools.engine.footprint import denoising
from tools.engine.lora.wardrobe import Wardrobe, Wear
from tools.engine.offload import Offload, nbytes
from tools.engine.previews import Previews
from tools.engine.profile import Profile, free
from tools.engine.references import Sight
from tools.engine.text_encoding import TextEncoding, Words

OURS = (StableDiffusionPipeline, StableDiffusionXLPipeline)
CONDITIONS = 256 * 2**20
"""Bytes of control maps kept for a model: some 100 for SD 1.5 at 512 pixels in half precision."""
CHANNELS = (4, 9)
"""What the UNet reads: latents, or for a model made for inpainting also the mask and the masked picture's latents."""


@dataclass(frozen=True, eq=False)
class StableDiffusion:
    pipeline: Any
    offload: Offload
    profile: Profile
    followers: dict[str, Follower] = field(default_factory=dict)
    """ControlNets by kind, as far as they have been asked for."""
    conditions: BoundedCache[Tensor] = field(default_factory=lambda: BoundedCache(CONDITIONS))
    """Control maps, embedded."""

    @classmethod
    def of(cls, pipeline: Any, device: str, profile: Profile) -> StableDiffusion | None:
        """None for a model whose loop is not ours."""
        fits = isinstance(pipeline, OURS) and pipeline.unet.config.in_channels in CHANNELS
        if not fits or pipeline.vae.config.latent_channels != CHANNELS[0]:
            return None
        parts = (getattr(pipeline, name, None) for name in ("text_encoder", "text_encoder_2", "vae"))
        resting = Offload(device, tuple(part for part in parts if part is not None), profile.low)
        return cls(pipeline, resting, profile)

    @property
    def unet(self) -> Any:
        return self.pipeline.unet

    @cached_property
    def denoiser(self) -> Denoiser:
        compiled = Compiled(self.unet, self.profile.compiler) if self.profile.compiler else None
        return Denoiser(self.unet, self.wardrobe, Sight.of(self.unet), compiled)

    @cached_property
    def text(self) -> TextEncoding:
        return replace(TextEncoding.of(self.pipeline), working=self.offload.working)

    @cached_property
    def coder(self) -> Coder:
        coder, low = Coder.of(self.pipeline), self.profile.low
        return replace(coder, working=self.offload.working, room=self.free, always_tiled=low)

    @cached_property
    def previews(self) -> Previews:
        return Previews(self.coder)

    @cached_property
    def wardrobe(self) -> Wardrobe:
        return Wardrobe.of(self.pipeline)

    @property
    def inpaints(self) -> bool:
        """Whether the UNet reads the mask itself."""
        return self.unet.config.in_channels == CHANNELS[1]

    def guides(self, recipe: Recipe) -> bool:
        """Whether the negative prompt counts: not for models distilled to read the guidance scale."""
        return recipe.guidance_scale > 1 and self.unet.config.time_cond_proj_dim is None

    def words(self, recipe: Recipe, wears: tuple[Wear, ...]) -> Words:
        negative = recipe.negative_prompt if self.guides(recipe) else None
        named = tuple((wear.lora.sha256, wear.weight, wear.blocks) for wear in wears if wear.lora.deltas["text"])
        return self.text.encode(
            recipe.prompt, negative, recipe.clip_skip, named, lambda: self.wardrobe.worn_by_words(wears)
        )

    def sizes(self, recipe: Recipe) -> Tensor | None:
        """SDXL's micro-conditioning (Podell et al. 2023), shape (1, 6): drawn whole, at the size asked for."""
        if not isinstance(self.pipeline, StableDiffusionXLPipeline):
            return None
        size = (recipe.height, recipe.width)
        return torch.tensor([[*size, 0, 0, *size]]).to(self.unet.device, self.unet.dtype)

    def shape(self, recipe: Recipe) -> tuple[int, int, int, int]:
        """Of the latents."""
        scale = self.pipeline.vae_scale_factor
        return 1, CHANNELS[0], recipe.height // scale, recipe.width // scale

    def free(self) -> int:
        """Bytes on the device to work in."""
        there, budget = free(self.offload.device), self.profile.budget
        if budget is None:
            return there
        beside = () if self.offload.resting else self.offload.parts
        return max(0, min(there, budget.device - nbytes((self.unet, *beside))))

    def together(self, shape: Sequence[int], entries: int) -> int:
        """How many rows of latents of that shape, so many entries each, there is room for in one call of the UNet."""
        height, width = shape[-2:]
        return self.free() // denoising(self.unet, height, width, entries)

    def relieve(self) -> bool:
        """Off the device what the UNet can do without; whether there was anything."""
        kept = any(cache.nbytes for cache in self.caches.values())
        for cache in self.caches.values():
            cache.clear()
        return self.offload.rest() or kept

    def forget(self) -> None:
        """The model as it was loaded, and nothing kept beside it."""
        self.wardrobe.bare()
        self.denoiser.sight.forget()
        for cache in self.caches.values():
            cache.clear()

    @property
    def caches(self) -> Mapping[str, BoundedCache[Any]]:
        """By what they keep."""
        return {"prompts": self.text.cache, "embedded maps": self.conditions, "loras": self.wardrobe.loras}
