"""The latents a picture begins with: noise, a noisy picture, or a noisy picture with a hole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.utils.torch_utils import randn_tensor
from PIL import Image
from torch import Tensor

from knowledge.recipe import Recipe
from tools.engine.pixels import masked, signed
from tools.engine.row import Kept
from tools.engine.stable_diffusion import StableDiffusion


@dataclass(frozen=True)
class Started:
    latents: Tensor
    kept: Kept | None = None
    beside: Tensor | None = None


@dataclass(frozen=True)
class Start:
    """Random numbers are drawn in the order in which diffusers' pipelines draw them: a seed means the same."""

    model: StableDiffusion
    recipe: Recipe
    images: Mapping[str, Image.Image]
    scheduler: Any
    timesteps: Tensor
    chance: torch.Generator
    enlarged: Tensor | Image.Image | None = None
    """What a first pass made: latents, or a picture."""

    def made(self) -> Started:
        if self.enlarged is not None:
            latents = self.enlarged if isinstance(self.enlarged, Tensor) else self._encoded(signed(self.enlarged))
            return Started(self._noised(latents, self._noise()), beside=self._nothing_beside())
        if self.recipe.init_image_id is None:
            return Started(self._noise() * self.scheduler.init_noise_sigma, beside=self._nothing_beside())
        picture = signed(self.images[self.recipe.init_image_id])
        if self.recipe.mask_id is None:
            latents = self._encoded(picture)
            return Started(self._noised(latents, self._noise()), beside=self._nothing_beside())
        return self._with_hole(picture, masked(self.images[self.recipe.mask_id]))

    def _with_hole(self, picture: Tensor, mask: Tensor) -> Started:
        """
        As diffusers' inpainting: from pure noise at full strength, and with what the UNet reads beside it.

        Where the UNet knows of no mask, whatever the mask touches is repainted, so that thin masks are not lost.
        """
        full = self.recipe.strength == 1
        own = self.model.inpaints
        latents = None if own and full else self._encoded(picture)
        noise = self._noise()
        begun = noise * self.scheduler.init_noise_sigma if full or latents is None else self._noised(latents, noise)
        hidden = self._encoded(picture * (mask < 0.5))
        if own:
            seen = F.interpolate(mask, begun.shape[-2:]).to(begun)
            return Started(begun, beside=torch.cat([seen, hidden], 1))
        assert latents is not None
        touched = F.max_pool2d(mask, self.model.pipeline.vae_scale_factor).to(begun)
        return Started(begun, kept=Kept(latents, noise, touched))

    def _nothing_beside(self) -> Tensor | None:
        """A model made for inpainting draws a whole picture as one that is hidden whole."""
        if not self.model.inpaints:
            return None
        hidden = self._encoded(torch.zeros(1, 3, self.recipe.height, self.recipe.width))
        return torch.cat([torch.ones_like(hidden[:, :1]), hidden], 1)

    def _noise(self) -> Tensor:
        unet = self.model.unet
        shape = self.model.shape(self.recipe)
        return randn_tensor(shape, generator=self.chance, device=unet.device, dtype=unet.dtype)

    def _encoded(self, picture: Tensor) -> Tensor:
        return self.model.coder.encode(picture, self.chance).to(self.model.unet.dtype)

    def _noised(self, latents: Tensor, noise: Tensor) -> Tensor:
        return self.scheduler.add_noise(latents, noise, self.timesteps[:1])
