"""What the painter and its adapters are taught from: latents of the drawings, and what people might say of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import AutoencoderTiny
from torch import Tensor
from transformers import CLIPTokenizer

from picturebook.album import Album, Drawings
from picturebook.scene import Scene, captions, wholes
from picturebook.training.loop import Studio, pixels
from picturebook.words import LONGEST

UNCAPTIONED = 0.1  # of the time no caption, for classifier-free guidance (Ho and Salimans 2022)
HALF_SAID = 0.12  # of the time a caption leaves something open, as people's wishes do
STRANGE = 0.15  # of the time a caption holds a word that means nothing, so that unknown words do no harm
UNNAMED = 0.5  # of the time what has no name is called by a word that means nothing


@dataclass(frozen=True)
class Studies:
    """Latents (n, 4, 16, 16) of about unit variance, with the scenes they show."""

    scenes: tuple[Scene, ...]
    latents: Tensor


@torch.no_grad()
def encoded(vae: AutoencoderTiny, drawings: Drawings, device: str) -> Tensor:
    """Latents as the diffusion sees them: times the scaling factor."""
    parts = [vae.encoder(pixels(drawings[start : start + 64], device)) for start in range(0, len(drawings), 64)]
    return torch.cat(parts).float() * vae.config["scaling_factor"]


def studies(studio: Studio, vae: AutoencoderTiny, album: Album) -> Studies:
    """The album's latents, cached beside it under the autoencoder's own hash."""
    mark = f"{sum(value.double().abs().sum().item() for value in vae.encoder.state_dict().values()):.6f}"
    path = studio.cache / f"latents-{album.name}-{mark}.npy"
    if not path.exists():
        np.save(path, encoded(vae, album.drawings, studio.device).cpu().numpy())
    return Studies(album.scenes, torch.from_numpy(np.load(path)).to(studio.device))


def strange_word(rng: random.Random) -> str:
    return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(3, 10)))


def half_said(scene: Scene, rng: random.Random) -> str:
    """A wish that leaves the background or the colours open."""
    if rng.random() < 0.6:
        return rng.choice(wholes(scene))
    whole = rng.choice(captions(scene))
    for thing in scene.things:
        whole = whole.replace(f"an {thing.colour} ", "a ").replace(f"{thing.colour} ", "")
    return whole


def called(words: list[str], rng: random.Random) -> list[str]:
    """What has no name may be called anything."""
    name = strange_word(rng)
    other = {"thing": name, "things": f"{name}s"}
    return [other.get(word, word) for word in words]


def said(scene: Scene, rng: random.Random, half: float) -> str:
    """A caption, sometimes leaving something open (`half` of the time), sometimes with a word that means nothing."""
    words = (half_said(scene, rng) if rng.random() < half else rng.choice(captions(scene))).split(" ")
    if rng.random() < UNNAMED:
        words = called(words, rng)
    if rng.random() < STRANGE:
        words.insert(rng.randrange(len(words) + 1), strange_word(rng))
    return " ".join(words)


def wish(scene: Scene, rng: random.Random) -> str:
    """What someone might say to get this scene."""
    if rng.random() < UNCAPTIONED:
        return ""
    return said(scene, rng, HALF_SAID)


def tokens(tokenizer: CLIPTokenizer, texts: Sequence[str], device: str) -> Tensor:
    """Shape (n, 77)."""
    made = tokenizer(list(texts), padding="max_length", truncation=True, max_length=LONGEST, return_tensors="pt")
    return made.input_ids.to(device)
