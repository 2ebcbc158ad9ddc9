"""The judge's training: drawings, clean and spoilt as a painter spoils them, to their exact specification."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from picturebook.album import Album
from picturebook.book import Book
from picturebook.judge import Reader, answers, reading_loss
from picturebook.scene import STYLES
from picturebook.training.albums import style_album
from picturebook.training.loop import Course, Studio, channels_last, on, pixels, train

BATCH = 64


def spoilt(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Softened, noisy, with colours a little off: half of the time, never all at once for the same batch."""
    if rng.random() < 0.4:
        size = int(rng.integers(56, 112))
        pictures = F.interpolate(F.interpolate(pictures, size=size, mode="area"), size=128, mode="bilinear")
    if rng.random() < 0.4:
        pictures = pictures + torch.randn_like(pictures) * float(rng.uniform(0.02, 0.12))
    if rng.random() < 0.4:
        shift = torch.rand(len(pictures), 3, 1, 1, device=pictures.device) - 0.5
        pictures = (
            pictures * (1 + 0.12 * (torch.rand(len(pictures), 1, 1, 1, device=pictures.device) - 0.5)) + 0.08 * shift
        )
    return pictures


def train_judge(studio: Studio, full: int = 1500) -> Reader:
    torch.manual_seed(3)
    reader = Book(studio.models).judge().reader if studio.onward else Reader()
    reader = channels_last(on(studio.device, reader))
    albums = [style_album(studio, style) for style in STYLES]

    def loss(step: int, rng: np.random.Generator) -> Mapping[str, Tensor]:
        reader.train()
        mixed = [drawn_from(albums[0], rng, BATCH // 2)] + [drawn_from(album, rng, BATCH // 4) for album in albums[1:]]
        drawings = np.concatenate([drawings for drawings, _ in mixed])
        right = {name: torch.tensor([row[name] for _, rows in mixed for row in rows]) for name in mixed[0][1][0]}
        logits = reader(spoilt(pixels(drawings, studio.device), rng))
        return {"read": reading_loss(logits, {name: value.to(studio.device) for name, value in right.items()})}

    train(studio, Course("judge", studio.steps(full), lr=2e-3, decay=0.995), reader, loss)
    return reader


def drawn_from(album: Album, rng: np.random.Generator, count: int) -> tuple[np.ndarray, list[dict[str, int]]]:
    picked = np.sort(rng.integers(len(album), size=count))
    return album.drawings[picked], [answers(album.scenes[index]) for index in picked]
