"""The painter: a text-conditioned latent UNet and its CLIP text encoder, trained together."""

from __future__ import annotations

import random
from collections.abc import Mapping
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
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from picturebook.book import Book
from picturebook.scene import COLOURS
from picturebook.training.albums import style_album
from picturebook.training.attention import looking, watched
from picturebook.training.loop import Course, Studio, channels_last, on, train
from picturebook.training.nouns import PLACES, UNSAID, Nouns, nouns
from picturebook.training.studies import studies, tokens, wish
from picturebook.training.words import learn_words
from picturebook.words import LONGEST, build_tokenizer, grown

WIDTH = 128
BATCH = 64
BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "prediction_type": "v_prediction"}
LESSON = 0.02  # the weight of each lesson on words beside the painting
LOOKING = 0.05  # and of the lesson on where words look
GAMMA = 5.0  # min-SNR weighting (Hang et al. 2023)
FLOOR = 0.25  # but not less in the noise, out of which comes where things stand


class Painter(nn.Module):
    """
    What learns: the UNet and the text encoder, which has lessons that are dropped when it is done.

    Whose colour and place a word says is learnt last if only pictures teach it; so every noun is asked for them.
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
        self.place = nn.Linear(WIDTH, len(PLACES))

    def lessons(self, words: Tensor, nouns: Nouns) -> tuple[Tensor, Tensor]:
        """How badly the nouns' states among `words` (n, 77, width) know the colour and the place that were said."""
        states = words[nouns.texts, nouns.positions]
        placed = nouns.places != UNSAID
        wrong = F.cross_entropy(self.place(states[placed]), nouns.places[placed], reduction="sum")
        return F.cross_entropy(self.colour(states), nouns.colours), wrong / placed.sum().clamp(min=1)


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
        weight = torch.where(snr < 1, weight.clamp(min=FLOOR), weight)
        return (weight * (drawn - target).square().mean((1, 2, 3))).mean()


def noise() -> Noise:
    return Noise(DDPMScheduler(**BETAS))


def begun(studio: Studio) -> tuple[Painter, CLIPTokenizer]:
    """From nothing, or from the saved painter with the words it lacks."""
    if not studio.onward:
        tokenizer = build_tokenizer()
        return Painter(len(tokenizer)), tokenizer
    saved = Book(studio.models).pipeline()
    tokenizer = grown(saved.tokenizer)
    learn_words(saved.text_encoder, saved.tokenizer, tokenizer)
    painter = Painter(len(tokenizer))
    painter.unet.load_state_dict(saved.unet.state_dict())
    painter.text_encoder.load_state_dict(saved.text_encoder.state_dict())
    return painter, tokenizer


def train_painter(studio: Studio, vae: AutoencoderTiny, full: int = 7000) -> StableDiffusionPipeline:
    torch.manual_seed(1)
    painter, tokenizer = begun(studio)
    painter = on(studio.device, painter)
    channels_last(painter.unet)
    shown = studies(studio, vae, style_album(studio))
    process = noise()

    def loss(step: int, rng: np.random.Generator) -> Mapping[str, Tensor]:
        picked = rng.integers(len(shown.scenes), size=BATCH)
        chance = random.Random(int(rng.integers(1 << 31)))
        scenes = [shown.scenes[index] for index in picked]
        said = [wish(scene, chance) for scene in scenes]
        ids = tokens(tokenizer, said, studio.device)
        noisy, times, target = process.mixed(shown.latents[torch.from_numpy(picked)])
        words = painter.text_encoder(ids)[0]
        drawn = painter.unet(noisy, times, words).sample
        named = nouns(tokenizer, ids, scenes, said)
        colours, places = painter.lessons(words, named)
        return {
            "v": process.loss(drawn, target, times),
            "colours": LESSON * colours,
            "places": LESSON * places,
            "looking": LOOKING * looking(watchers, named, len(scenes)),
        }

    with watched(painter.unet) as watchers:
        train(studio, Course("painter", studio.steps(full), lr=studio.lr(1.2e-3), decay=0.998), painter, loss)
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
