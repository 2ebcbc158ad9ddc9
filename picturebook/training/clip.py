"""The book's CLIP: a text and an image tower in one space, trained by contrast (Radford et al. 2021)."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer

from picturebook.book import Book
from picturebook.scene import BACKGROUNDS, COLOURS, KINDS, STYLES, Scene
from picturebook.training.albums import style_album
from picturebook.training.loop import Course, Studio, on, pixels, train
from picturebook.training.studies import said, tokens
from picturebook.training.words import learn_words
from picturebook.words import LONGEST, build_tokenizer, grown

BATCH = 128
HALF_SAID = 0.05  # of the captions leave something open
WIDTH = 128
TOWER = {"hidden_size": WIDTH, "intermediate_size": 3 * WIDTH, "num_attention_heads": 4}


TRAITS: tuple[object, ...] = (*KINDS, *COLOURS, *BACKGROUNDS, *STYLES, 2, 3)


class Schooled(nn.Module):
    """CLIP with a reading lesson for its image tower, which is dropped when it is done."""

    def __init__(self, clip: CLIPModel) -> None:
        super().__init__()
        self.clip = clip
        self.lesson = nn.Linear(WIDTH, len(TRAITS))


def traits(scene: Scene) -> list[float]:
    """1 for each of `TRAITS` that the picture has: what is in it, in which colours, where, in which style, how many."""
    things = {trait for thing in scene.things for trait in (thing.kind, thing.colour)}
    has = {*things, scene.background, scene.style, len(scene.things)}
    return [float(trait in has) for trait in TRAITS]


def fresh() -> tuple[CLIPModel, CLIPTokenizer]:
    tokenizer = build_tokenizer()
    return build(len(tokenizer)), tokenizer


def build(vocabulary: int) -> CLIPModel:
    text = TOWER | {
        "vocab_size": vocabulary,
        "num_hidden_layers": 2,
        "max_position_embeddings": LONGEST,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "pad_token_id": 1,
    }
    vision = TOWER | {"num_hidden_layers": 4, "image_size": 128, "patch_size": 16}
    return CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=WIDTH))


def processor() -> CLIPImageProcessor:
    return CLIPImageProcessor(
        size={"shortest_edge": 128}, crop_size=128, image_mean=[0.5] * 3, image_std=[0.5] * 3, resample=2
    )


def contrast(texts: Tensor, images: Tensor, scale: Tensor) -> Tensor:
    logits = F.normalize(texts, dim=1) @ F.normalize(images, dim=1).T * scale.clamp(max=4.6).exp()
    own = torch.arange(len(texts), device=texts.device)
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2


def worded(clip: CLIPModel, tokenizer: CLIPTokenizer) -> tuple[CLIPModel, CLIPTokenizer]:
    """With the book's words that it lacks."""
    more = grown(tokenizer)
    if len(more) > len(tokenizer):
        learn_words(clip.text_model, tokenizer, more)
        config: Any = clip.config.text_config
        config.vocab_size = len(more)
    return clip, more


def train_clip(studio: Studio, full: int = 3000) -> tuple[CLIPModel, CLIPTokenizer]:
    torch.manual_seed(4)
    clip, tokenizer = worded(*Book(studio.models).clip()) if studio.onward else fresh()
    schooled = on(studio.device, Schooled(clip))
    albums = [style_album(studio, style) for style in STYLES]

    def loss(step: int, rng: np.random.Generator) -> Mapping[str, Tensor]:
        chance = random.Random(int(rng.integers(1 << 31)))
        album = albums[0] if rng.random() < 0.8 else albums[rng.integers(1, len(albums))]
        picked = np.sort(rng.choice(len(album), size=min(BATCH, len(album)), replace=False))
        heard_as = [said(album.scenes[index], chance, HALF_SAID) for index in picked]
        seen = clip.vision_model(pixel_values=pixels(album.drawings[picked], studio.device)).pooler_output
        heard = clip.text_model(input_ids=tokens(tokenizer, heard_as, studio.device)).pooler_output
        right = torch.tensor([traits(album.scenes[index]) for index in picked], device=studio.device)
        read = F.binary_cross_entropy_with_logits(schooled.lesson(seen), right)
        matched = contrast(clip.text_projection(heard), clip.visual_projection(seen), clip.logit_scale)
        return {"contrast": matched, "read": 0.5 * read}

    train(
        studio, Course("clip", studio.steps(full), lr=studio.lr(1.2e-3), decay=0.995, weight_decay=0.05), schooled, loss
    )
    return clip, tokenizer
