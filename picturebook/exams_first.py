"""The exams of First light: one thing, two things, retrieval, styles, edges, speed, the autoencoder."""

from __future__ import annotations

import random
import statistics
import time
from typing import Any

import torch
import torch.nn.functional as F
from diffusers import StableDiffusionControlNetPipeline
from PIL import Image

from benchmarks.results import Row, mean, rate
from picturebook.album import draw_many
from picturebook.edges import as_picture, edge_f1, edges
from picturebook.examiner import STEPS, Examiner, distinct, painted, paired
from picturebook.scene import STYLES, TRIGGERS, Style, any_scene, captions, held_out_scene
from picturebook.training.loop import pixels


def single(examiner: Examiner) -> list[Row]:
    asked = examiner.scenes("single", 300, lambda rng: held_out_scene(rng, 1))
    pairs = examiner.drawn("single", asked)
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


def two(examiner: Examiner) -> list[Row]:
    asked = examiner.scenes("two", 300, lambda rng: held_out_scene(rng, 2))
    bound = [paired(want) == paired(got) for want, got in examiner.drawn("two", asked)]
    return [rate("PB6", "two things: both, with their own colours", bound, 0.75)]


@torch.no_grad()
def retrieval(examiner: Examiner) -> list[Row]:
    model, tokenizer = examiner.book.clip()
    asked = distinct(examiner.scenes("retrieval", 700, any_scene))[: round(500 * examiner.share)]
    rng = random.Random("retrieval words")
    said = tokenizer([rng.choice(captions(scene)) for scene in asked], padding="max_length", return_tensors="pt")
    heard: Any = model.get_text_features(input_ids=said.input_ids)
    seen: Any = model.get_image_features(pixel_values=pixels(draw_many(asked), "cpu"))
    near = F.normalize(heard.pooler_output, dim=1) @ F.normalize(seen.pooler_output, dim=1).T
    best = near.argmax(1)
    hits = [index == found for index, found in enumerate(best.tolist())]
    return [rate("PB7", f"CLIP text to image, R@1 among {len(asked)} distinct drawings", hits, 0.90)]


def styles(examiner: Examiner) -> list[Row]:
    worn: list[bool] = []
    kept: list[bool] = []
    rows: list[Row] = []
    adapted: tuple[Style, ...] = STYLES[1:]
    for style in adapted:
        pipeline = examiner.book.pipeline()
        pipeline.load_lora_weights(str(examiner.book.loras_folder), weight_name=examiner.book.lora(style).name)
        asked = examiner.scenes(f"style {style}", 150, lambda rng: held_out_scene(rng, 1))
        rng = random.Random("style words")
        prompts = [f"{rng.choice(captions(scene))}, {TRIGGERS[style]}" for scene in asked]
        pairs = list(zip(asked, examiner.judge.read(painted(pipeline, prompts)), strict=True))
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


def control(examiner: Examiner) -> list[Row]:
    asked = examiner.scenes("control", 100, lambda rng: held_out_scene(rng))
    wanted = [edges(picture) for picture in draw_many(asked)]
    maps = [Image.fromarray(as_picture(edge)) for edge in wanted]
    prompts = [captions(scene)[0] for scene in asked]
    guided = StableDiffusionControlNetPipeline(**examiner.pipeline.components, controlnet=examiner.book.controlnet())
    guided.set_progress_bar_config(disable=True)
    rows = []
    for id, what, made, target in (
        ("PB10", "edge F1 to the given map, with the ControlNet", painted(guided, prompts, maps), 0.7),
        ("PB11", "the same without it", painted(examiner.pipeline, prompts), 0.35),
    ):
        scores = [edge_f1(edges(picture), edge) for picture, edge in zip(made, wanted, strict=True)]
        rows.append(mean(id, what, scores, "F1", target, "higher" if id == "PB10" else "lower"))
    return rows


def speed(examiner: Examiner) -> list[Row]:
    painted(examiner.pipeline, ["a red house in a meadow"])
    taken = []
    for seed in range(5):
        started = time.perf_counter()
        examiner.pipeline("a red house", num_inference_steps=STEPS, generator=torch.Generator().manual_seed(seed))
        taken.append(time.perf_counter() - started)
    middle = statistics.median(taken)
    note = f"median of 5 on {torch.get_num_threads()} threads, model loaded"
    return [Row("PB12", "one 20-step picture", middle, min(taken), max(taken), "s", "lower", 1.5, note)]


@torch.no_grad()
def autoencoder(examiner: Examiner) -> list[Row]:
    vae = examiner.book.autoencoder()

    def quality(style: Style, count: int) -> list[float]:
        asked = examiner.scenes(f"autoencoder {style}", count, lambda rng: any_scene(rng, style=style))
        drawn = pixels(draw_many(asked), "cpu")
        again = torch.cat([vae.decoder(vae.encoder(part)) for part in drawn.split(25)]).clamp(-1, 1)
        error = ((again - drawn) / 2).square().mean((1, 2, 3))
        return (-10 * error.log10()).tolist()

    rows = [mean(f"PB13-{s}", f"autoencoder on fresh drawings, {s}", quality(s, 100), "dB", None) for s in STYLES[1:]]
    return [mean("PB13", "autoencoder on fresh drawings", quality("plain", 300), "dB", 34), *rows]
