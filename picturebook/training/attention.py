"""The lesson that words look where their things are: on the UNet's attention to the text, while it learns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor

from picturebook.training.nouns import GRID, Nouns


class Watched:
    """Attention as `AttnProcessor` computes it, that keeps its last weights: (n * heads, places, words)."""

    weights: Tensor

    def __call__(
        self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None, **_: Any
    ) -> Tensor:
        words = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        query, key, value = (
            attn.head_to_batch_dim(part) for part in (attn.to_q(hidden_states), attn.to_k(words), attn.to_v(words))
        )
        self.weights = attn.get_attention_scores(query, key)
        return attn.to_out[0](attn.batch_to_head_dim(torch.bmm(self.weights, value)))


@contextmanager
def watched(unet: UNet2DConditionModel) -> Iterator[tuple[Watched, ...]]:
    """The UNet with every attention to the text watched, for as long as the block lasts."""
    before = dict(unet.attn_processors)
    watchers = {name: Watched() for name in unet.attn_processors if ".attn2." in name}
    watching: dict[str, Any] = {name: watchers.get(name) or AttnProcessor() for name in before}
    unet.set_attn_processor(watching)
    try:
        yield tuple(watchers.values())
    finally:
        unet.set_attn_processor(before)


def looking(watchers: tuple[Watched, ...], nouns: Nouns, texts: int) -> Tensor:
    """
    How much of the attention that nouns and their colours get comes from where their things are not.

    The token-level grounding of TokenCompose (Wang et al. 2024): the square of the share outside, mean over layers.
    """
    if not len(nouns.texts):
        return torch.zeros(())
    lost = []
    for watcher in watchers:
        weights = watcher.weights.unflatten(0, (texts, -1)).mean(1)  # (texts, places, words)
        side = round(weights.shape[1] ** 0.5)
        shown = F.avg_pool2d(nouns.shown, GRID // side).flatten(1)
        for before in (0, 1):  # the noun, and its colour before it
            got = weights[nouns.texts, :, nouns.positions - before]
            lost.append((1 - (got * shown).sum(1) / got.sum(1)).square().mean())
    return torch.stack(lost).mean()
