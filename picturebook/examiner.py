"""Who measures a book: asks its painter, shows the pictures to its judge, and compares."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from numpy.typing import NDArray
from PIL import Image

from picturebook.book import Book
from picturebook.judge import Judge
from picturebook.scene import Scene, captions

STEPS, GUIDANCE = 20, 4.0
Pictures = NDArray[np.uint8]
Pair = tuple[Scene, Scene]
"""What was wanted, and what was seen."""


def painted(
    pipeline: Callable,
    prompts: Sequence[str],
    images: Sequence[Image.Image] = (),
    batch: int = 20,
    guidance: float = GUIDANCE,
) -> Pictures:
    """One picture a prompt, its seed the prompt's place in the list; `images` are control maps."""
    made = []
    for start in range(0, len(prompts), batch):
        wanted = list(prompts[start : start + batch])
        seeds = [torch.Generator().manual_seed(start + index) for index in range(len(wanted))]
        extra: dict[str, object] = {"image": list(images[start : start + batch])} if images else {}
        done = pipeline(
            wanted, num_inference_steps=STEPS, guidance_scale=guidance, generator=seeds, output_type="np", **extra
        )
        made.append((done.images * 255).round().astype(np.uint8))
    return np.concatenate(made)


@dataclass(frozen=True)
class Examiner:
    """Measures one book. `share` of the prompts are asked."""

    book: Book
    share: float

    @cached_property
    def pipeline(self) -> StableDiffusionPipeline:
        return self.book.pipeline()

    @cached_property
    def judge(self) -> Judge:
        return self.book.judge()

    def scenes(self, name: str, count: int, make: Callable[[random.Random], Scene]) -> list[Scene]:
        rng = random.Random(f"evaluate {name}")
        return [make(rng) for _ in range(max(8, round(count * self.share)))]

    def drawn(self, name: str, asked: Sequence[Scene]) -> list[Pair]:
        """What the painter makes of the scenes' captions."""
        rng = random.Random(f"{name} words")
        pictures = painted(self.pipeline, [rng.choice(captions(scene)) for scene in asked])
        return list(zip(asked, self.judge.read(pictures), strict=True))


def paired(scene: Scene) -> list[tuple[str, str]]:
    """What is seen in which colour, wherever it stands."""
    return sorted((thing.kind, thing.colour) for thing in scene.things)


def distinct(scenes: Sequence[Scene]) -> list[Scene]:
    """No two with the same things in the same colours on the same background."""
    return list({(tuple(paired(scene)), scene.background): scene for scene in scenes}.values())
