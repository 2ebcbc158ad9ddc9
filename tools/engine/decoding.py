"""Pictures from latents and latents from pictures, as the pipelines of SD 1.x, 2.x and SDXL make them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image

from tools.engine.footprint import decoding
from tools.engine.offload import Working, in_place
from tools.engine.strips import Strips

TILED_ABOVE = 1536
"""Pixels of the longer side: a larger picture is worked on in parts, so that it fits into memory."""


@dataclass(frozen=True)
class Coder:
    """An `AutoencoderKL` or `AutoencoderTiny`; `scale` pixels a side make one latent.

    Not for two threads at once: precision and tiling are the state of the VAE.
    """

    vae: Any
    scale: int
    overflows: bool
    """In half precision (SDXL's as published): it then works in single precision, for as long as it works."""
    working: Working = in_place
    """Around all that it does."""
    room: Callable[[], int] = lambda: sys.maxsize
    """Bytes there are to work in."""
    always_tiled: bool = False

    @classmethod
    def of(cls, pipeline: Any) -> Coder:
        # the configs of SD 1.x ask for it too, by default and without need: their pipelines do not listen
        overflows = "StableDiffusionXL" in type(pipeline).__name__ and pipeline.vae.config.force_upcast
        return cls(pipeline.vae, pipeline.vae_scale_factor, overflows)

    @torch.no_grad()
    def decode(self, latents: torch.Tensor, tiled: bool = False) -> list[Image.Image]:
        """From latents of shape (n, 4, h, w), as the scheduler leaves them.

        Large pictures, and those that there is no room for whole, are `tiled` unasked: of an `AutoencoderKL` it is
        the same picture, decoded in strips.
        """
        height, width = (side * self.scale for side in latents.shape[-2:])
        fit = self.room() // decoding(self.vae, height, width, self._precision.itemsize)
        tiled = tiled or self.always_tiled or not fit or max(height, width) > TILED_ABOVE
        with self._working(tiled) as dtype:
            parts = self._unscaled(latents.to(dtype)).split(1 if tiled else fit)
            return [image for part in parts for image in _images(self._decoded(part, tiled))]

    def _decoded(self, latents: torch.Tensor, tiled: bool) -> torch.Tensor:
        if not (tiled and Strips.fit(self.vae)):
            return self.vae.decode(latents).sample
        quantised = self.vae.post_quant_conv
        return Strips(self.vae.decoder).decode(latents if quantised is None else quantised(latents))

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
        upcast = self.vae.dtype != self._precision
        with self.working(self.vae):
            try:
                if upcast:
                    self.vae.float()
                self.vae.use_tiling = tiled or was_tiled
                yield self.vae.dtype
            finally:
                self.vae.use_tiling = was_tiled
                if upcast:
                    self.vae.half()

    @property
    def _precision(self) -> torch.dtype:
        own = self.vae.dtype
        return torch.float32 if self.overflows and own == torch.float16 else own

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
