"""Every part in order: train it, and save it as its library saves such models, in half precision."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderTiny

from picturebook.book import CONTROLS, Book
from picturebook.judge import save_judge
from picturebook.scene import STYLES, Style
from picturebook.training.albums import style_album
from picturebook.training.autoencoder import train_autoencoder, train_decoder
from picturebook.training.clip import processor, train_clip
from picturebook.training.control import train_control
from picturebook.training.judge import train_judge
from picturebook.training.loop import Studio, on
from picturebook.training.painter import train_painter
from picturebook.training.studies import encoded
from picturebook.training.style import STEPS, save_style, train_style
from picturebook.training.talker import train_talker

ADAPTED: tuple[Style, ...] = tuple(style for style in STYLES if style != "plain")


def save(model: Any, folder: Path) -> None:
    """fp16 safetensors; the model itself keeps its precision."""
    folder.mkdir(parents=True, exist_ok=True)
    model.half().save_pretrained(folder)
    model.float()


def autoencoder(studio: Studio) -> None:
    save(scaled(studio, train_autoencoder(studio)), Book(studio.models).pipeline_folder / "vae")


def scaled(studio: Studio, vae: AutoencoderTiny) -> AutoencoderTiny:
    """The scaling factor that gives latents unit variance."""
    vae.register_to_config(scaling_factor=1.0)
    album = style_album(studio)
    spread = encoded(vae, album.drawings[:512], studio.device).std().item()
    vae.register_to_config(scaling_factor=round(1 / spread, 4))
    return vae


def decoder(studio: Studio) -> None:
    save(train_decoder(studio, Book(studio.models).autoencoder()), Book(studio.models).pipeline_folder / "vae")


def painter(studio: Studio) -> None:
    book = Book(studio.models)
    pipeline = train_painter(studio, on(studio.device, book.autoencoder()))
    pipeline.to(dtype=torch.float16)
    pipeline.save_pretrained(book.pipeline_folder)


def clip(studio: Studio) -> None:
    folder = Book(studio.models).clip_folder
    model, tokenizer = train_clip(studio)
    save(model, folder)
    tokenizer.save_pretrained(folder)
    processor().save_pretrained(folder)


def judge(studio: Studio) -> None:
    save_judge(train_judge(studio), studio.models / "judge")


def controls(studio: Studio) -> None:
    book = Book(studio.models)
    for kind in CONTROLS:
        net = train_control(studio, book.pipeline().to(studio.device), kind)
        save(net, book.controlnet_folder(kind))


def styles(studio: Studio) -> None:
    book = Book(studio.models)
    for style in ADAPTED:
        tensors = train_style(studio, book.pipeline().to(studio.device), style)
        save_style(tensors, book.loras_folder, style, studio.steps(STEPS))


def talker(studio: Studio) -> None:
    folder = Book(studio.models).talker_folder
    model, tokenizer = train_talker(studio)
    save(model, folder)
    tokenizer.save_pretrained(folder)


LESSONS: dict[str, Callable[[Studio], None]] = {
    "autoencoder": autoencoder,
    "decoder": decoder,
    "painter": painter,
    "clip": clip,
    "judge": judge,
    "styles": styles,
    "control": controls,
    "talker": talker,
}
"""In the order in which each builds on those before it."""
