"""Where in a picture the UNet sees each word of its prompt: cross-attention (DAAM, Tang et al. 2022)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from knowledge.recipe import Recipe
from tools.engine.job import Job
from tools.engine.pixels import signed
from tools.engine.preparing import Preparer
from tools.engine.prompt_chunks import chunks
from tools.engine.prompt_syntax import parse
from tools.engine.stable_diffusion import StableDiffusion
from tools.renderer import Attended

NOISY = (0.25, 0.4, 0.55)
"""How much of the way to noise the picture is taken: its things are still there, and their edges do not matter."""
SEEDS = 2
WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Attending:
    """An attention processor that keeps how much each place attends to each token, the heads' mean."""

    usual: Any
    kept: list[Tensor]

    def __call__(self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor, **more: Any) -> Tensor:
        query, key = attn.to_q(hidden_states), attn.to_k(encoder_hidden_states)
        scores = attn.get_attention_scores(attn.head_to_batch_dim(query), attn.head_to_batch_dim(key))
        # the mean over rows and heads, (places, tokens)
        self.kept.append(scores.mean(0))
        return self.usual(attn, hidden_states, encoder_hidden_states, **more)


def attended(preparer: Preparer, model: StableDiffusion, recipe: Recipe, image: Image.Image) -> list[Attended]:
    """Each word of the prompt with its map, in order. `image` has the recipe's size."""
    latents = model.coder.encode(signed(image), None).to(model.unet.dtype)
    rows = [preparer.started(Job(noisy), model, latents) for noisy in views(recipe)]
    height, width = rows[0].latents.shape[-2:]
    with attending(model.unet) as kept:
        model.denoiser.predict(rows)
    heat = torch.zeros(kept[0].shape[-1], height, width)
    for scores in kept:
        heat += F.interpolate(laid_out(scores, height / width)[None].float().cpu(), (height, width), mode="bilinear")[0]
    return list(by_word(model, recipe.prompt, heat))


def views(recipe: Recipe) -> Iterator[Recipe]:
    """The picture at several strengths of noise, asked for its prompt alone."""
    nothing = {"init_image_id": None, "mask_id": None, "controls": (), "references": (), "hires": None}
    for strength in NOISY:
        for seed in range(SEEDS):
            drawn = {"scheduler": "ddim", "num_inference_steps": 20, "guidance_scale": 1.0}
            yield recipe.model_copy(update=nothing | drawn | {"strength": strength, "seed": seed})


@contextmanager
def attending(unet: Any) -> Iterator[list[Tensor]]:
    kept: list[Tensor] = []
    usual = dict(unet.attn_processors)
    across = {name for name in usual if ".attn2." in name}
    unet.set_attn_processor({name: Attending(one, kept) if name in across else one for name, one in usual.items()})
    try:
        yield kept
    finally:
        unet.set_attn_processor(usual)


def laid_out(scores: Tensor, aspect: float) -> Tensor:
    """From (places, tokens) to (tokens, height, width)."""
    height = round((len(scores) * aspect) ** 0.5)
    return scores.T.reshape(scores.shape[1], height, -1)


def by_word(model: StableDiffusion, prompt: str, heat: Tensor) -> Iterator[Attended]:
    """CLIP reads word by word: the tokens of each follow those of the one before."""
    tokenizer = model.text.readers[0][0]
    special = {tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id}
    read = [token for chunk in chunks(tokenizer, prompt) for token in chunk.ids]
    places = iter([place for place, token in enumerate(read) if token not in special])
    for word in WORD.findall(" ".join(piece.text for pieces in parse(prompt) for piece in pieces)):
        tokens = tokenizer(word, add_special_tokens=False).input_ids
        own = list(islice(places, len(tokens)))
        if own:
            yield Attended(word.lower(), normal(heat[own].mean(0)).numpy())


def normal(heat: Tensor) -> Tensor:
    """From 0 to 1."""
    return (heat - heat.min()) / (heat.max() - heat.min()).clamp(min=1e-9)
