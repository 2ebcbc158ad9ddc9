"""The latent autoencoder: x8, 4 channels, 128 px pictures to 16 x 16 latents of about unit size."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny
from diffusers.models.autoencoders.vae import AutoencoderTinyBlock
from torch import Tensor, nn

from picturebook.album import Album
from picturebook.book import Book
from picturebook.scene import STYLES
from picturebook.training.albums import style_album
from picturebook.training.loop import Course, Studio, channels_last, on, pixels, train

BATCH = 4
STYLED = 0.2  # of the pictures wear a style, so that adapters find their strokes in the latents


def start(module: nn.Module) -> None:
    """Signals keep their size from the first step: blocks begin as the identity (Zhang et al. 2019, Fixup)."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, nonlinearity="linear")
            if part.bias is not None:
                nn.init.zeros_(part.bias)
    for part in module.modules():
        if isinstance(part, AutoencoderTinyBlock):
            *inner, last = [layer for layer in part.conv if isinstance(layer, nn.Conv2d)]
            for layer in inner:
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(last.weight)


def build() -> AutoencoderTiny:
    """No blocks at full resolution: there a convolution costs most and adds least."""
    vae = AutoencoderTiny(
        encoder_block_out_channels=(48,) * 4,
        decoder_block_out_channels=(64,) * 4,
        num_encoder_blocks=(0, 1, 2, 3),
        num_decoder_blocks=(4, 3, 1, 0),
        force_upcast=False,
    )
    start(vae)
    return vae


def slopes(picture: Tensor) -> tuple[Tensor, Tensor]:
    return picture[..., 1:] - picture[..., :-1], picture[..., 1:, :] - picture[..., :-1, :]


def losses(drawn: Tensor, target: Tensor, square: float = 4) -> dict[str, Tensor]:
    """Squared and absolute error, and the error of the slopes, which keeps edges crisp (Mathieu et al. 2016)."""
    sharp = sum((F.l1_loss(a, b) for a, b in zip(slopes(drawn), slopes(target), strict=True)), torch.zeros(()))
    return {"mse": square * F.mse_loss(drawn, target), "l1": 0.5 * F.l1_loss(drawn, target), "edge": 0.5 * sharp}


def picked(shown: tuple[Album, ...], rng: np.random.Generator, device: str) -> Tensor:
    """A batch of whole pictures, plain and styled: windows cut from them have edges that no picture has."""
    made = []
    for _ in range(BATCH):
        album = shown[0] if rng.random() > STYLED else shown[rng.integers(1, len(shown))]
        made.append(album.drawings[rng.integers(len(album))])
    return pixels(np.stack(made), device).contiguous(memory_format=torch.channels_last)


def albums(studio: Studio) -> tuple[Album, ...]:
    """Plain drawings first, then each style's."""
    return tuple(style_album(studio, style) for style in STYLES)


def train_autoencoder(studio: Studio, full: int = 12000) -> AutoencoderTiny:
    torch.manual_seed(0)
    vae = Book(studio.models).autoencoder() if studio.onward else build()
    vae = channels_last(on(studio.device, vae))
    shown = albums(studio)
    course = Course("autoencoder", studio.steps(full), lr=1e-3)

    def loss(step: int, rng: np.random.Generator) -> Mapping[str, Tensor]:
        part = step / course.steps
        target = picked(shown, rng, studio.device)
        latents = vae.encoder(target)
        reach = 0.01 * F.relu(latents.abs() - 2).square().mean() + 0.001 * latents.mean((0, 2, 3)).square().sum()
        if part > 0.3:  # earlier, the latents could collapse; later, what matters is the picture
            noise = (0.1 if part < 0.7 else 0.05) * latents.detach().std() * torch.rand(BATCH, 1, 1, 1).to(latents)
            latents = latents + torch.randn_like(latents) * noise
        return losses(vae.decoder(latents), target) | {"reach": reach}

    train(studio, course, vae, loss)
    return vae


def train_decoder(studio: Studio, vae: AutoencoderTiny, full: int = 4000) -> AutoencoderTiny:
    """The decoder alone, at last for likeness most: the latents, and so the painter, stay as they are."""
    vae = channels_last(on(studio.device, vae))
    vae.encoder.requires_grad_(False)
    shown = albums(studio)
    course = Course("decoder", studio.steps(full), lr=5e-4)

    def loss(step: int, rng: np.random.Generator) -> Mapping[str, Tensor]:
        target = picked(shown, rng, studio.device)
        with torch.no_grad():
            latents = vae.encoder(target)
        return losses(vae.decoder(latents), target, 48)

    train(studio, course, vae, loss)
    return vae
