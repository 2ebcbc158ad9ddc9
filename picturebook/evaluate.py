"""Every figure of the model card, measured on fresh drawings and held-out prompts."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
import typer
from diffusers import StableDiffusionControlNetPipeline, StableDiffusionPipeline
from numpy.typing import NDArray
from PIL import Image

from benchmarks.results import Row, mean, rate, write
from picturebook.album import draw_many
from picturebook.book import HERE, Book
from picturebook.card import write_card
from picturebook.edges import as_picture, edge_f1, edges
from picturebook.scene import STYLES, TRIGGERS, Scene, Style, any_scene, captions, held_out_scene
from picturebook.training.loop import pixels

COMMAND = "python -m picturebook evaluate"
STEPS, GUIDANCE = 20, 4.0
Pictures = NDArray[np.uint8]


def painted(
    pipeline: Callable, prompts: Sequence[str], images: Sequence[Image.Image] = (), batch: int = 20
) -> Pictures:
    """One picture a prompt, its seed the prompt's place in the list."""
    made = []
    for start in range(0, len(prompts), batch):
        wanted = list(prompts[start : start + batch])
        seeds = [torch.Generator().manual_seed(start + index) for index in range(len(wanted))]
        extra = {"image": list(images[start : start + batch])} if images else {}
        done = pipeline(
            wanted, num_inference_steps=STEPS, guidance_scale=GUIDANCE, generator=seeds, output_type="np", **extra
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

    def scenes(self, name: str, count: int, make: Callable[[random.Random], Scene]) -> list[Scene]:
        rng = random.Random(f"evaluate {name}")
        return [make(rng) for _ in range(max(8, round(count * self.share)))]

    def read(self, pictures: Pictures) -> list[Scene]:
        return self.book.judge().read(pictures)

    def judge(self) -> list[Row]:
        def fresh(rng: random.Random) -> Scene:
            return any_scene(rng, style=rng.choices(STYLES, (3, 1, 1))[0])

        asked = self.scenes("judge", 1000, fresh)
        seen = self.read(draw_many(asked))
        errors: dict[str, list[bool]] = {"count": [], "kind": [], "colour": [], "background": [], "style": []}
        for want, got in zip(asked, seen, strict=True):
            errors["count"].append(len(want.things) == len(got.things))
            errors["background"].append(want.background == got.background)
            errors["style"].append(want.style == got.style)
            for thing, read in zip(want.things, got.things, strict=False):
                errors["kind"].append(thing.kind == read.kind)
                errors["colour"].append(thing.colour == read.colour)
        worst = min(errors, key=lambda name: statistics.mean(errors[name]))
        rows = [rate(f"PB1-{name}", f"judge reads {name}", hits, None) for name, hits in errors.items()]
        return [rate("PB1", "judge on 1,000 fresh drawings, worst attribute", errors[worst], 0.99, note=worst), *rows]

    def single(self) -> list[Row]:
        asked = self.scenes("single", 300, lambda rng: held_out_scene(rng, 1))
        rng = random.Random("single words")
        seen = self.read(painted(self.pipeline, [rng.choice(captions(scene)) for scene in asked]))
        pairs = list(zip(asked, seen, strict=True))
        kind = [want.things[0].kind == got.things[0].kind for want, got in pairs]
        colour = [want.things[0].colour == got.things[0].colour for want, got in pairs]
        ground = [want.background == got.background for want, got in pairs]
        whole = [all(three) for three in zip(kind, colour, ground, strict=True)]
        return [
            rate("PB2", "one thing: the right object", kind, 0.95),
            rate("PB3", "one thing: the right colour", colour, 0.95),
            rate("PB4", "one thing: the right background", ground, 0.98),
            rate("PB5", "one thing: all three right", whole, 0.90),
        ]

    def two(self) -> list[Row]:
        asked = self.scenes("two", 300, lambda rng: held_out_scene(rng, 2))
        rng = random.Random("two words")
        seen = self.read(painted(self.pipeline, [rng.choice(captions(scene)) for scene in asked]))
        bound = [paired(want) == paired(got) for want, got in zip(asked, seen, strict=True)]
        return [rate("PB6", "two things: both, with their own colours", bound, 0.75)]

    @torch.no_grad()
    def retrieval(self) -> list[Row]:
        model, tokenizer = self.book.clip()
        asked = distinct(self.scenes("retrieval", 700, any_scene))[: round(500 * self.share)]
        rng = random.Random("retrieval words")
        said = tokenizer([rng.choice(captions(scene)) for scene in asked], padding="max_length", return_tensors="pt")
        heard: Any = model.get_text_features(input_ids=said.input_ids)
        seen: Any = model.get_image_features(pixel_values=pixels(draw_many(asked), "cpu"))
        near = F.normalize(heard.pooler_output, dim=1) @ F.normalize(seen.pooler_output, dim=1).T
        best = near.argmax(1)
        hits = [index == found for index, found in enumerate(best.tolist())]
        return [rate("PB7", f"CLIP text to image, R@1 among {len(asked)} distinct drawings", hits, 0.90)]

    def styles(self) -> list[Row]:
        worn: list[bool] = []
        kept: list[bool] = []
        rows: list[Row] = []
        adapted: tuple[Style, ...] = STYLES[1:]
        for style in adapted:
            pipeline = self.book.pipeline()
            pipeline.load_lora_weights(str(self.book.loras_folder), weight_name=self.book.lora(style).name)
            asked = self.scenes(f"style {style}", 150, lambda rng: held_out_scene(rng, 1))
            rng = random.Random("style words")
            prompts = [f"{rng.choice(captions(scene))}, {TRIGGERS[style]}" for scene in asked]
            pairs = list(zip(asked, self.read(painted(pipeline, prompts)), strict=True))
            wears = [got.style == style for _, got in pairs]
            keeps = [(paired(want), want.background) == (paired(got), got.background) for want, got in pairs]
            rows += [
                rate(f"PB8-{style}", f"LoRA {style}: style read", wears, None),
                rate(f"PB9-{style}", f"LoRA {style}: object, colour and background kept", keeps, None),
            ]
            worn, kept = worn + wears, kept + keeps
        whole = [
            rate("PB8", "style LoRA on: style read by the judge", worn, 0.90),
            rate("PB9", "style LoRA on: object, colour and background kept", kept, 0.80),
        ]
        return whole + rows

    def control(self) -> list[Row]:
        asked = self.scenes("control", 100, lambda rng: held_out_scene(rng))
        wanted = [edges(picture) for picture in draw_many(asked)]
        maps = [Image.fromarray(as_picture(edge)) for edge in wanted]
        prompts = [captions(scene)[0] for scene in asked]
        guided = StableDiffusionControlNetPipeline(**self.pipeline.components, controlnet=self.book.controlnet())
        guided.set_progress_bar_config(disable=True)
        rows = []
        for id, what, made, target in (
            ("PB10", "edge F1 to the given map, with the ControlNet", painted(guided, prompts, maps), 0.7),
            ("PB11", "the same without it", painted(self.pipeline, prompts), 0.35),
        ):
            scores = [edge_f1(edges(picture), edge) for picture, edge in zip(made, wanted, strict=True)]
            rows.append(mean(id, what, scores, "F1", target, "higher" if id == "PB10" else "lower"))
        return rows

    def speed(self) -> list[Row]:
        painted(self.pipeline, ["a red house in a meadow"])
        taken = []
        for seed in range(5):
            started = time.perf_counter()
            self.pipeline("a red house", num_inference_steps=STEPS, generator=torch.Generator().manual_seed(seed))
            taken.append(time.perf_counter() - started)
        middle = statistics.median(taken)
        note = f"median of 5 on {torch.get_num_threads()} threads, model loaded"
        return [Row("PB12", "one 20-step picture", middle, min(taken), max(taken), "s", "lower", 1.5, note)]

    @torch.no_grad()
    def autoencoder(self) -> list[Row]:
        vae = self.book.autoencoder()

        def quality(style: Style, count: int) -> list[float]:
            asked = self.scenes(f"autoencoder {style}", count, lambda rng: any_scene(rng, style=style))
            drawn = pixels(draw_many(asked), "cpu")
            again = torch.cat([vae.decoder(vae.encoder(part)) for part in drawn.split(25)]).clamp(-1, 1)
            error = ((again - drawn) / 2).square().mean((1, 2, 3))
            return (-10 * error.log10()).tolist()

        rows = [
            mean(f"PB13-{s}", f"autoencoder on fresh drawings, {s}", quality(s, 100), "dB", None) for s in STYLES[1:]
        ]
        return [mean("PB13", "autoencoder on fresh drawings", quality("plain", 300), "dB", 34), *rows]


def paired(scene: Scene) -> list[tuple[str, str]]:
    """What is seen in which colour, wherever it stands."""
    return sorted((thing.kind, thing.colour) for thing in scene.things)


def distinct(scenes: Sequence[Scene]) -> list[Scene]:
    """No two with the same things in the same colours on the same background."""
    return list({(tuple(paired(scene)), scene.background): scene for scene in scenes}.values())


EXAMS: dict[str, Callable[[Examiner], list[Row]]] = {
    "PB1": Examiner.judge,
    "PB2": Examiner.single,
    "PB6": Examiner.two,
    "PB7": Examiner.retrieval,
    "PB8": Examiner.styles,
    "PB10": Examiner.control,
    "PB12": Examiner.speed,
    "PB13": Examiner.autoencoder,
}
"""Each exam by the first of the figures it gives."""


def measure(models: Path, only: tuple[str, ...] = (), share: float = 1.0) -> list[Row]:
    """Run the exams; a whole run over the book's own models is written down, with the model card."""
    started = time.monotonic()
    examiner = Examiner(Book(models), share)
    rows: list[Row] = []
    for first, exam in EXAMS.items():
        if not only or first in only:
            for row in exam(examiner):
                rows.append(row)
                mark = {True: "met", False: "MISSED", None: ""}[row.met]
                typer.echo(
                    f"{row.id:22} {row.value:8.4f} [{row.low:.4f}, {row.high:.4f}] {row.unit:5} {row.what}  {mark}"
                )
    if not only and share == 1.0 and models == HERE / "models":
        write("picturebook", COMMAND, time.monotonic() - started, rows)
        write_card(models, rows)
    return rows
