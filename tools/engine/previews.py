"""What a picture will look like, from its latents alone: a linear map, four channels to three colours, no decoder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from PIL import Image

from tools.engine.decoding import Coder

SAMPLES, SIDE, PATCHES = 4, 16, 4
"""How many pictures the map is fitted on, and how many latents and patches each has a side."""
GAMMA = 2.2
"""From light to shade, near enough (sRGB)."""


@dataclass(frozen=True)
class Previews:
    """For one model: the map is fitted from its autoencoder at the first preview, and kept."""

    coder: Coder

    @torch.no_grad()
    def image(self, latents: torch.Tensor) -> Image.Image:
        """From latents of shape (1, 4, h, w), one pixel for each: whoever shows it enlarges it.

        Best from what the scheduler expects the end to be; noisy latents make noisy previews.
        """
        shades = torch.einsum("chw,cd->hwd", latents[0].float(), self._map[:-1]) + self._map[-1]
        return Image.fromarray(shades.round().clamp(0, 255).to(torch.uint8).cpu().numpy())

    @cached_property
    def _map(self) -> torch.Tensor:
        """Shape (4 + 1, 3): the least-squares map from latents to shades, 0 to 255, its last row a constant."""
        pictures = _pictures(SIDE * self.coder.scale)
        latents = self.coder.encode(pictures, None)
        shades = F.avg_pool2d(pictures, self.coder.scale).add(1).mul(127.5)
        known = latents.cpu().double().permute(0, 2, 3, 1).flatten(0, 2)
        wanted = shades.double().permute(0, 2, 3, 1).flatten(0, 2)
        known = torch.cat([known, torch.ones(len(known), 1, dtype=known.dtype)], dim=1)
        return torch.linalg.lstsq(known, wanted).solution.float().to(latents.device)


def _pictures(side: int) -> torch.Tensor:
    """Shape (SAMPLES, 3, side, side), from -1 to 1: patches of any colour, half of them soft and half with edges.

    Even in amounts of light, so mostly bright as shades: as pictures are, and the fit is best where there are most.
    """
    light = torch.rand(SAMPLES, 3, PATCHES, PATCHES, generator=torch.Generator().manual_seed(0))
    soft, sharp = (light ** (1 / GAMMA) * 2 - 1).chunk(2)
    return torch.cat([F.interpolate(soft, side, mode="bicubic").clamp(-1, 1), F.interpolate(sharp, side)])
