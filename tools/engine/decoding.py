"""Pictures from latents and latents from pictures, as the pipelines of SD 1.x, 2.x and SDXL make them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image

TILED_ABOVE = 1536
"""Pixels of the longer side: a larger picture is decoded in tiles, so that it fits into memory."""


@dataclass(frozen=True)
class Coder:
    """An `AutoencoderKL` or `AutoencoderTiny`; `scale` pixels a side make one latent.

    Not for two threads at once: precision and tiling are the state of the VAE.
    """

    vae: Any
    scale: int
    overflows: bool
    """In half precision (SDXL's as published): it then works in single precision, for as long as it works."""

    @classmethod
    def of(cls, pipeline: Any) -> Coder:
        # the configs of SD 1.x ask for it too, by default and without need: their pipelines do not listen
        overflows = "StableDiffusionXL" in type(pipeline).__name__ and pipeline.vae.config.force_upcast
        return cls(pipeline.vae, pipeline.vae_scale_factor, overflows)

    @torch.no_grad()
    def decode(self, latents: torch.Tensor, tiled: bool = False) -> list[Image.Image]:
        """From latents of shape (n, 4, h, w), as the scheduler leaves them. Large pictures are `tiled` unasked."""
        tiled = tiled or max(latents.shape[-2:]) * self.scale > TILED_ABOVE
        with self._working(tiled) as dtype:
            raw = self._unscaled(latents.to(dtype))
            together = 1 if tiled else len(raw)
            return [image for part in raw.split(together) for image in _images(self.vae.decode(part).sample)]

    @torch.no_grad()
    def encode(self, pixels: torch.Tensor, generator: torch.Generator | None) -> torch.Tensor:
        """Latents of shape (n, 4, h, w), as a scheduler takes them, of pixels (n, 3, 8 h, 8 w) from -1 to 1.

        Drawn with the generator from the distribution an `AutoencoderKL` gives, as img2img and inpainting do; its
        mode where there is none. An `AutoencoderTiny` gives latents only, and leaves the generator alone.
        """
        dtype = self.vae.dtype
        with self._working(max(pixels.shape[-2:]) > TILED_ABOVE) as working:
            # by way of the VAE's own precision, as pipelines hand them over
            encoded = self.vae.encode(pixels.to(self.vae.device, dtype).to(working))
        return self._scaled(_sample(encoded, generator).to(dtype))

    @contextmanager
    def _working(self, tiled: bool) -> Iterator[torch.dtype]:
        """The VAE in the precision that it can work in, which is yielded, and in tiles if asked; both undone."""
        was_tiled = self.vae.use_tiling
        upcast = self.overflows and self.vae.dtype == torch.float16
        try:
            if upcast:
                self.vae.float()
            self.vae.use_tiling = tiled or was_tiled
            yield self.vae.dtype
        finally:
            self.vae.use_tiling = was_tiled
            if upcast:
                self.vae.half()

    def _unscaled(self, latents: torch.Tensor) -> torch.Tensor:
        statistics, factor = self._statistics(latents), self.vae.config.scaling_factor
        return latents * statistics[1] / factor + statistics[0] if statistics else latents / factor

    def _scaled(self, latents: torch.Tensor) -> torch.Tensor:
        statistics, factor = self._statistics(latents), self.vae.config.scaling_factor
        return (latents - statistics[0]) * factor / statistics[1] if statistics else factor * latents

    def _statistics(self, latents: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Mean and standard deviation of each channel, or nothing: few models (Playground 2.5) have them."""
        both = [self.vae.config.get(name) for name in ("latents_mean", "latents_std")]
        return tuple(torch.tensor(one).view(1, -1, 1, 1).to(latents) for one in both) if all(both) else ()


def _sample(encoded: Any, generator: torch.Generator | None) -> torch.Tensor:
    distribution = getattr(encoded, "latent_dist", None)
    if distribution is None:
        return encoded.latents
    return distribution.mode() if generator is None else distribution.sample(generator)


def _images(pixels: torch.Tensor) -> list[Image.Image]:
    """The values of diffusers' `VaeImageProcessor`, but rounded on the device: a quarter of the bytes travels."""
    shades = (pixels * 0.5 + 0.5).clamp(0, 1).float().mul(255).round().to(torch.uint8)
    return [Image.fromarray(array) for array in shades.permute(0, 2, 3, 1).cpu().numpy()]
