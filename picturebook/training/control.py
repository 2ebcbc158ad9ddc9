"""The ControlNet for edges: a trained copy of the painter's first half that reads a Canny map."""

from __future__ import annotations

import random
from collections.abc import Mapping

import numpy as np
import torch
from diffusers import ControlNetModel, StableDiffusionPipeline
from torch import Tensor

from picturebook.album import Drawings
from picturebook.book import Book
from picturebook.edges import as_picture, edges
from picturebook.training.albums import style_album
from picturebook.training.loop import Course, Studio, channels_last, on, train
from picturebook.training.painter import noise, studies, tokens, wish

BATCH = 24
UNSAID = 0.3  # of the time without a caption, so that the map must speak


def build(pipeline: StableDiffusionPipeline) -> ControlNetModel:
    return ControlNetModel.from_unet(pipeline.unet, conditioning_embedding_out_channels=(16, 24, 32, 64))


def maps(drawings: Drawings, rng: np.random.Generator, device: str) -> Tensor:
    """Edge maps as different users' detectors would draw them, in 0..1."""
    made = []
    for drawing in drawings:
        low = rng.uniform(30, 120)
        made.append(as_picture(edges(drawing, low, low * rng.uniform(1.8, 2.6), smooth=rng.random() < 0.5)))
    return torch.from_numpy(np.stack(made)).to(device).permute(0, 3, 1, 2).float() / 255


def train_control(studio: Studio, pipeline: StableDiffusionPipeline, full: int = 2500) -> ControlNetModel:
    torch.manual_seed(2)
    net = Book(studio.models).controlnet() if studio.onward else build(pipeline)
    net = channels_last(on(studio.device, net))
    album = style_album(studio)
    shown = studies(studio, pipeline.vae, album)
    channels_last(pipeline.unet).requires_grad_(False)
    pipeline.text_encoder.requires_grad_(False)
    process = noise()

    def loss(step: int, rng: np.random.Generator) -> Mapping[str, Tensor]:
        picked = rng.integers(len(album), size=BATCH)
        chance = random.Random(int(rng.integers(1 << 31)))
        said = ["" if chance.random() < UNSAID else wish(album.scenes[index], chance) for index in picked]
        words = pipeline.text_encoder(tokens(pipeline.tokenizer, said, studio.device))[0]
        noisy, times, target = process.mixed(shown.latents[torch.from_numpy(picked)])
        down, middle = net(noisy, times, words, maps(album.drawings[picked], rng, studio.device), return_dict=False)
        drawn = pipeline.unet(
            noisy, times, words, down_block_additional_residuals=down, mid_block_additional_residual=middle
        ).sample
        return {"v": process.loss(drawn, target, times)}

    train(studio, Course("controlnet-canny", studio.steps(full), lr=1e-3, decay=0.995), net, loss)
    return net
