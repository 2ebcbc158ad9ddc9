"""Drawings as a painter would give them back: out of latents that are a little off."""

from __future__ import annotations

import numpy as np
import torch
from diffusers import AutoencoderTiny

from picturebook.album import Album, Drawings
from picturebook.training.loop import Studio
from picturebook.training.studies import studies

WORN = 6000
ASTRAY = 0.35  # at most, of the latents' unit spread


@torch.no_grad()
def worn(vae: AutoencoderTiny, latents: torch.Tensor) -> Drawings:
    """Latents (n, 4, 16, 16) as the diffusion sees them, each with its own share of noise, to pictures."""
    torch.manual_seed(6)
    made = []
    for part in latents.split(50):
        noise = torch.randn_like(part) * ASTRAY * torch.rand(len(part), 1, 1, 1, device=part.device)
        pictures = vae.decoder((part + noise) / vae.config["scaling_factor"]).clamp(-1, 1)
        made.append((pictures + 1).mul(127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy())
    return np.concatenate(made)


def worn_album(studio: Studio, album: Album, vae: AutoencoderTiny) -> Album:
    """The first of the album's scenes, with their worn pictures, kept beside it."""
    count = studio.count(WORN)
    path = studio.cache / f"worn-{album.name}.npy"
    if not path.exists():
        studio.say(f"wearing {count} pictures")
        np.save(path, worn(vae, studies(studio, vae, album).latents[:count]))
    return Album(f"worn-{album.name}", album.scenes[:count], np.load(path, mmap_mode="r"))
