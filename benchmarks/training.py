"""What a LoRA learns from few pictures: `atelier bench training [--only TR1]… [--share 0.1]`.

A style of the picture book is trained, as a user would, on drawings of scenes that the measured prompts never ask for;
the judge reads what is drawn with it, beside the style's LoRA that comes with the book.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from agent.settings import Settings
from agent.workshop import open_trainer, open_workshop
from benchmarks.results import Row, rate
from benchmarks.suite import Suite
from knowledge.lora_files import LoraShelf
from picturebook.album import draw_many, training_scenes
from picturebook.book import Book
from picturebook.examiner import painted, paired
from picturebook.scene import TRIGGERS, Scene, Style, captions, held_out_scene
from tools.call import Call
from tools.train import Asked, Trained

SUITE = Suite("training", {"TR1": "benchmarks.training:style"})
STYLE: Style = "watercolour"
PICTURES = 60
"""Drawn for the training: what someone may have of a style."""
STEPS = 300
ASKED = 100
"""Prompts."""


@dataclass(frozen=True)
class Learnt:
    trained: Trained
    seconds: float


def drawn_into(folder: Path, style: Style, count: int) -> Path:
    """Pictures with a caption beside each, as people prepare them; the captions do not name the style."""
    scenes = training_scenes(count, 1, style)
    chance = random.Random("captions of the training")
    for number, (scene, picture) in enumerate(zip(scenes, draw_many(scenes), strict=True)):
        Image.fromarray(picture).save(folder / f"{number:03}.png")
        said = chance.choice(captions(Scene(scene.things, scene.background)))
        (folder / f"{number:03}.txt").write_text(said, "utf-8")
    return folder


@contextmanager
def learnt(style: Style, count: int, asked: Asked) -> Iterator[Learnt]:
    """In a data folder of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as pictures:
        settings = Settings(data=Path(folder), loras=(), chat="none")
        trainer = replace(open_trainer(settings, open_workshop(settings)), shelf=LoraShelf(()))
        source, started = drawn_into(Path(pictures), style, count), time.monotonic()
        trained = trainer.train(source, asked, Call())
        yield Learnt(trained, time.monotonic() - started)


def style(share: float) -> list[Row]:
    steps, count = max(2, round(STEPS * share)), max(2, round(PICTURES * share))
    asked = Asked("trained", "picturebook", "style", TRIGGERS[STYLE], steps=steps, samples=0)
    with learnt(STYLE, count, asked) as one:
        own = read_with(one.trained.file, share)
    shipped, without = read_with(Book().lora(STYLE), share), read_with(None, share)
    training = one.trained.record.training
    note = f"{len(one.trained.record.captions)} pictures, {training.steps} steps of {training.batch}"
    minutes = one.seconds / 60
    return [
        rate("TR1", f"{STYLE} by `atelier train`: the style is read", worn(own), 0.9, note=note),
        rate("TR2", "the same: object, colour and background kept", kept(own), 0.8),
        rate("TR1-book", "the book's own LoRA, of 2,000 pictures: the style is read", worn(shipped), None),
        rate("TR2-book", "the same: object, colour and background kept", kept(shipped), None),
        rate("TR1-none", "no LoRA, the same words: the style is read", worn(without), 0.1, "lower"),
        rate("TR2-none", "the same: object, colour and background right", kept(without), None),
        Row("TR3", "time of the training", minutes, minutes, minutes, "min on one thread", "lower", None, note),
    ]


@cache
def wanted(share: float) -> list[Scene]:
    rng = random.Random("what a trained style is asked for")
    return [held_out_scene(rng, 1) for _ in range(max(8, round(ASKED * share)))]


def read_with(lora: Path | None, share: float) -> list[tuple[Scene, Scene]]:
    """What was asked for and what the judge sees, drawn by diffusers: others must be able to use the file."""
    pipeline, rng = Book().pipeline(), random.Random("words")
    if lora:
        pipeline.load_lora_weights(str(lora.parent), weight_name=lora.name)
    scenes = wanted(share)
    prompts = [f"{rng.choice(captions(scene))}, {TRIGGERS[STYLE]}" for scene in scenes]
    seen: np.ndarray = painted(pipeline, prompts)
    return list(zip(scenes, Book().judge().read(seen), strict=True))


def worn(pairs: list[tuple[Scene, Scene]]) -> list[bool]:
    return [got.style == STYLE for _, got in pairs]


def kept(pairs: list[tuple[Scene, Scene]]) -> list[bool]:
    return [(paired(want), want.background) == (paired(got), got.background) for want, got in pairs]
