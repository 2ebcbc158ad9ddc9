"""The judge's training: drawings, clean and spoilt as a painter spoils them, to their exact specification."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from picturebook.album import Album, Drawings, kept_album
from picturebook.book import Book
from picturebook.drawing import placements
from picturebook.layouts import figments, lone_figment, shown
from picturebook.reader import CELL, GRID, Reader, Views
from picturebook.scene import BACKGROUNDS, COLOURS, KINDS, STYLES, Scene, Thing
from picturebook.training.albums import style_album
from picturebook.training.loop import Course, Studio, channels_last, on, pixels, train
from picturebook.training.worn import worn_album

TWINS = 4000  # shapes without a name, each drawn in two pictures
PLAIN, WORN, STYLED, TWIN = 16, 16, 16, 16  # pictures of each sort in a batch
WARMTH = 0.1  # of the comparison of kinds


@dataclass(frozen=True)
class Answers:
    """
    The truth about n pictures with m things: `there` (n, 16, 16), 1 at middles and fading around them;
    for each thing its picture and cell, its colour and a number that only its kind has; (m,) each.
    """

    there: Tensor
    pictures: Tensor
    cells: Tensor
    colours: Tensor
    kinds: Tensor
    background: Tensor
    style: Tensor

    def on(self, device: str) -> Answers:
        return Answers(**{part.name: getattr(self, part.name).to(device) for part in fields(self)})


def number(thing: Thing) -> int:
    """Its kind's own: those with names first, as the reader keeps them."""
    return next((at for at, kind in enumerate(KINDS) if kind == thing.kind), thing.figment + len(KINDS))


def answers(scenes: Sequence[Scene]) -> Answers:
    rows: list[tuple[int, int, int, int]] = []
    there = np.zeros((len(scenes), GRID, GRID), np.float32)
    down, across = np.mgrid[:GRID, :GRID]
    for picture, scene in enumerate(scenes):
        for thing, place in zip(scene.things, placements(scene), strict=True):
            x, y = (min(int(at / CELL), GRID - 1) for at in (place.x, place.y))
            fade = np.exp(-((across - x) ** 2 + (down - y) ** 2) / 1.4)
            there[picture] = np.maximum(there[picture], fade)
            rows.append((picture, y * GRID + x, COLOURS.index(thing.colour), number(thing)))
    grounds = [BACKGROUNDS.index(scene.background) for scene in scenes]
    styles = [STYLES.index(scene.style) for scene in scenes]
    pictures, cells, colours, kinds = torch.tensor(rows).unbind(1)
    return Answers(
        torch.from_numpy(there), pictures, cells, colours, kinds, torch.tensor(grounds), torch.tensor(styles)
    )


def finding(logits: Tensor, there: Tensor) -> Tensor:
    """The focal loss on middles (Law and Deng 2018)."""
    sure = logits.sigmoid().clamp(1e-4, 1 - 1e-4)
    hits = there.eq(1)
    gained = torch.where(hits, (1 - sure).square() * sure.log(), (1 - there) ** 4 * sure.square() * (1 - sure).log())
    return -gained.sum() / hits.sum()


def comparing(likeness: Tensor, kinds: Tensor, learnt: Tensor) -> Tensor:
    """The same kind near, all others far (Khosla et al. 2020); the known kinds' own places count as things."""
    places = torch.cat([likeness, F.normalize(learnt, dim=1)])
    names = torch.cat([kinds, torch.arange(len(learnt), device=kinds.device)])
    itself = torch.eye(len(kinds), len(places), dtype=torch.bool, device=kinds.device)
    logits = (likeness @ places.T / WARMTH).masked_fill(itself, -1e4)
    same = kinds[:, None].eq(names) & ~itself
    chances = logits.log_softmax(1)
    met = same.any(1)
    return -((chances * same).sum(1) / same.sum(1).clamp(min=1))[met].mean()


def reading(views: Views, right: Answers, learnt: Tensor) -> dict[str, Tensor]:
    def at(values: Tensor) -> Tensor:
        return values.flatten(2)[right.pictures, :, right.cells]

    return {
        "there": finding(views.there, right.there),
        "colour": F.cross_entropy(at(views.colours), right.colours),
        "kind": comparing(at(views.likeness), right.kinds, learnt),
        "background": F.cross_entropy(views.background, right.background),
        "style": F.cross_entropy(views.style, right.style),
    }


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


def twins(count: int) -> tuple[Scene, ...]:
    """Pairs of neighbours that show the same shape without a name, in any style, colour and company."""
    rng = random.Random("twins")
    made: list[Scene] = []
    for _ in range(count):
        shape = rng.randrange(1, 1 << 30)
        for _ in range(2):
            scene = shown(rng, lone_figment if rng.random() < 0.6 else figments, rng.choice(STYLES))
            things = tuple(replace(thing, figment=shape) if thing.figment else thing for thing in scene.things)
            made.append(replace(scene, things=things))
    return tuple(made)


def picked_from(album: Album, picked: Iterable[int]) -> tuple[list[Scene], Drawings]:
    at = list(picked)
    return [album.scenes[index] for index in at], np.stack([album.drawings[index] for index in at])


def train_judge(studio: Studio, full: int = 4000) -> Reader:
    torch.manual_seed(3)
    reader = channels_last(on(studio.device, Reader()))
    plain = style_album(studio)
    worn = worn_album(studio, plain, on(studio.device, Book(studio.models).autoencoder()))
    styled = [style_album(studio, style) for style in STYLES[1:]]
    pairs = kept_album(studio.cache, "twins", twins(studio.count(TWINS)), studio.say)

    def batch(rng: np.random.Generator) -> tuple[list[Scene], Drawings]:
        couples = 2 * rng.integers(len(pairs) // 2, size=TWIN // 2)
        sorts = [
            picked_from(plain, rng.integers(len(plain), size=PLAIN)),
            picked_from(worn, rng.integers(len(worn), size=WORN)),
            *(
                picked_from(styled[rng.integers(len(styled))], rng.integers(len(styled[0]), size=4))
                for _ in range(STYLED // 4)
            ),
            picked_from(pairs, [index + twin for index in couples for twin in (0, 1)]),
        ]
        return [scene for scenes, _ in sorts for scene in scenes], np.concatenate([drawings for _, drawings in sorts])

    def loss(step: int, rng: np.random.Generator) -> Mapping[str, Tensor]:
        reader.train()
        scenes, drawings = batch(rng)
        views = reader(spoilt(pixels(drawings, studio.device), rng))
        return reading(views, answers(scenes).on(studio.device), reader.kinds)

    train(studio, Course("judge", studio.steps(full), lr=2e-3, decay=0.995), reader, loss)
    return reader
