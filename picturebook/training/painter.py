"""The painter: a text-conditioned latent UNet and its CLIP text encoder, trained together."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import (
    AutoencoderTiny,
    DDPMScheduler,
    EulerDiscreteScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from picturebook.album import Album, Drawings
from picturebook.book import Book
from picturebook.scene import COLOURS, Scene, captions
from picturebook.training.albums import style_album
from picturebook.training.loop import Course, Studio, channels_last, on, pixels, train
from picturebook.words import END_OF_WORD, LONGEST, build_tokenizer

WIDTH = 128
BATCH = 64
BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "prediction_type": "v_prediction"}
UNCAPTIONED = 0.1  # of the time no caption, for classifier-free guidance (Ho and Salimans 2022)
HALF_SAID = 0.12  # of the time a caption leaves something open, as people's wishes do
STRANGE = 0.15  # of the time a caption holds a word that means nothing, so that unknown words do no harm
LESSON = 0.02  # the weight of the lesson beside the painting
GAMMA = 5.0  # min-SNR weighting (Hang et al. 2023)


@dataclass(frozen=True)
class Nouns:
    """Where a batch of texts names a thing with its colour; each of shape (nouns,)."""

    texts: Tensor
    positions: Tensor
    colours: Tensor


class Painter(nn.Module):
    """
    What learns: the UNet and the text encoder, which has lessons that are dropped when it is done.

    Whose colour a word is, is learnt last if only pictures teach it; so every noun is asked for its colour.
    """

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.text_encoder = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=vocabulary,
                hidden_size=WIDTH,
                intermediate_size=4 * WIDTH,
                num_hidden_layers=2,
                num_attention_heads=4,
                max_position_embeddings=LONGEST,
                projection_dim=WIDTH,
                bos_token_id=0,
                eos_token_id=1,
                pad_token_id=1,
            )
        )
        self.unet = UNet2DConditionModel(
            sample_size=16,
            block_out_channels=(48, 96, 128),
            layers_per_block=1,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=WIDTH,
            attention_head_dim=8,
            norm_num_groups=16,
        )
        self.colour = nn.Linear(WIDTH, len(COLOURS))

    def lesson(self, words: Tensor, nouns: Nouns) -> Tensor:
        """How badly the nouns' states among `words` (n, 77, width) know the colour that was said of them."""
        return F.cross_entropy(self.colour(words[nouns.texts, nouns.positions]), nouns.colours)


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
        things = [f"{'an' if t.colour[0] in 'aeiou' else 'a'} {t.colour} {t.kind}" for t in scene.things]
        return " and ".join(things)
    whole = rng.choice(captions(scene))
    for thing in scene.things:
        whole = whole.replace(f"an {thing.colour} ", "a ").replace(f"{thing.colour} ", "")
    return whole


def said(scene: Scene, rng: random.Random, half: float) -> str:
    """A caption, sometimes leaving something open (`half` of the time), sometimes with a word that means nothing."""
    words = (half_said(scene, rng) if rng.random() < half else rng.choice(captions(scene))).split(" ")
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


def nouns(tokenizer: CLIPTokenizer, ids: Tensor, scenes: Sequence[Scene], said: Sequence[str]) -> Nouns:
    """Each thing's own, where its colour is said and its kind is said once."""
    known = tokenizer.get_vocab()
    rows: list[tuple[int, int, int]] = []
    for text, (scene, words) in enumerate(zip(scenes, said, strict=True)):
        for thing in scene.things:
            at = ids[text].eq(known[f"{thing.kind}{END_OF_WORD}"]).nonzero()
            if len(at) == 1 and f"{thing.colour} {thing.kind}" in words:
                rows.append((text, int(at[0]), COLOURS.index(thing.colour)))
    table = torch.tensor(rows, device=ids.device).reshape(-1, 3)
    return Nouns(*table.unbind(1))


def evenly(scenes: Sequence[Scene]) -> NDArray[np.float64]:
    """Chances by which one thing alone, the hardest to draw well since it is large, is shown as often as two."""
    counts = np.array([len(scene.things) for scene in scenes])
    shares = 1 / np.bincount(counts)[counts]
    return shares / shares.sum()


@dataclass(frozen=True)
class Noise:
    """The forward process and the loss on v (Salimans and Ho 2022)."""

    scheduler: Any

    def mixed(self, latents: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Noisy latents, timesteps, and what the UNet should say of them."""
        noise = torch.randn_like(latents)
        times = torch.randint(0, 1000, (len(latents),), device=latents.device)
        noisy = self.scheduler.add_noise(latents, noise, times)
        return noisy, times, self.scheduler.get_velocity(latents, noise, times)

    def loss(self, drawn: Tensor, target: Tensor, times: Tensor) -> Tensor:
        alphas = self.scheduler.alphas_cumprod.to(times.device)[times]
        snr = alphas / (1 - alphas)
        weight = snr.clamp(max=GAMMA) / (snr + 1)
        return (weight * (drawn - target).square().mean((1, 2, 3))).mean()


def noise() -> Noise:
    return Noise(DDPMScheduler(**BETAS))


def train_painter(studio: Studio, vae: AutoencoderTiny, full: int = 7000) -> StableDiffusionPipeline:
    torch.manual_seed(1)
    # the words' numbers stay as they were learnt
    saved = Book(studio.models).pipeline() if studio.onward else None
    tokenizer = saved.tokenizer if saved else build_tokenizer()
    painter = Painter(len(tokenizer))
    if saved:
        painter.unet.load_state_dict(saved.unet.state_dict())
        painter.text_encoder.load_state_dict(saved.text_encoder.state_dict())
    painter = on(studio.device, painter)
    channels_last(painter.unet)
    shown = studies(studio, vae, style_album(studio))
    chances = evenly(shown.scenes)
    process = noise()

    def loss(step: int, rng: np.random.Generator) -> Mapping[str, Tensor]:
        picked = rng.choice(len(chances), size=BATCH, p=chances)
        chance = random.Random(int(rng.integers(1 << 31)))
        scenes = [shown.scenes[index] for index in picked]
        said = [wish(scene, chance) for scene in scenes]
        ids = tokens(tokenizer, said, studio.device)
        noisy, times, target = process.mixed(shown.latents[torch.from_numpy(picked)])
        words = painter.text_encoder(ids)[0]
        drawn = painter.unet(noisy, times, words).sample
        lesson = painter.lesson(words, nouns(tokenizer, ids, scenes, said))
        return {"v": process.loss(drawn, target, times), "colours": LESSON * lesson}

    train(studio, Course("painter", studio.steps(full), lr=1.2e-3, decay=0.998), painter, loss)
    return pipeline(vae, painter, tokenizer)


def pipeline(vae: AutoencoderTiny, painter: Painter, tokenizer: CLIPTokenizer) -> StableDiffusionPipeline:
    """A `StableDiffusionPipeline` like any other."""
    scheduler = EulerDiscreteScheduler(**BETAS, timestep_spacing="trailing", steps_offset=1)
    parts: dict[str, Any] = {
        "vae": vae,
        "text_encoder": painter.text_encoder,
        "tokenizer": tokenizer,
        "unet": painter.unet,
        "scheduler": scheduler,
        "safety_checker": None,
        "feature_extractor": None,
    }
    return StableDiffusionPipeline(**parts, requires_safety_checker=False)
