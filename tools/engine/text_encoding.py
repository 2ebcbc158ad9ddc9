"""A prompt's words as the UNet reads them, for models with one CLIP (SD 1.x, 2.x) or two (SDXL)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch

from knowledge.problems import TryAgain
from tools.engine.bounded_cache import BoundedCache
from tools.engine.offload import Working, in_place
from tools.engine.prompt_chunks import Chunk, chunks
from tools.engine.prompt_syntax import MOST

CACHED = 64 * 2**20
"""Bytes of texts kept for a model: some 200 for SDXL in half precision, 500 for SD 1.5."""


@dataclass(frozen=True)
class Embedding:
    """`states` of shape (1, 77 n, width) for n chunks, and for SDXL `pooled` of shape (1, width of its second CLIP)."""

    states: torch.Tensor
    pooled: torch.Tensor | None

    @property
    def nbytes(self) -> int:
        return self.states.nbytes + (0 if self.pooled is None else self.pooled.nbytes)


@dataclass(frozen=True)
class Words:
    """Both prompts, of one length; no negative one where it is not asked for."""

    positive: Embedding
    negative: Embedding | None


@dataclass(frozen=True)
class TextEncoding:
    """The text encoders of one model, each with its tokenizer, and what they read last."""

    readers: tuple[tuple[Any, Any], ...]
    """(tokenizer, text encoder)."""
    penultimate: bool
    """SDXL reads the last layer but one, without the final norm."""
    empty_is_zero: bool
    """SDXL's negative prompt, where there is none, is zeros and not the empty text."""
    cache: BoundedCache[Embedding] = field(default_factory=lambda: BoundedCache(CACHED))
    working: Working = in_place
    """Around the encoders when they read."""

    @classmethod
    def of(cls, pipeline: Any) -> TextEncoding:
        names = [("tokenizer", "text_encoder"), ("tokenizer_2", "text_encoder_2")]
        parts = [(getattr(pipeline, tokenizer, None), getattr(pipeline, encoder, None)) for tokenizer, encoder in names]
        readers = tuple((tokenizer, encoder) for tokenizer, encoder in parts if encoder is not None)
        penultimate = "StableDiffusionXL" in type(pipeline).__name__
        return cls(readers, penultimate, bool(pipeline.config.get("force_zeros_for_empty_prompt")))

    def encode(
        self,
        prompt: str,
        negative_prompt: str | None,
        clip_skip: int,
        adapters: Hashable = (),
        worn: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> Words:
        """On the encoders' device and in their precision; the shorter prompt is followed by empty chunks.

        `clip_skip` layers are left out before the one the model was trained with, for both prompts alike. `adapters`
        names the LoRAs, with their weights, that the encoders wear inside `worn`: what they read is kept under it.
        Raises `TryAgain` for more layers than there are.
        """
        self._refuse(clip_skip)

        def read(text: str) -> Embedding:
            def dressed() -> Embedding:
                with self.working(*(encoder for _, encoder in self.readers)), worn():
                    return self._read(text, clip_skip)

            return self.cache.of((adapters, clip_skip, text), dressed)

        positive = read(prompt)
        if negative_prompt is None:
            return Words(positive, None)
        if self.empty_is_zero and not negative_prompt:
            return Words(positive, _zeros(positive))
        negative = read(negative_prompt)
        length = max(positive.states.shape[1], negative.states.shape[1])
        return Words(*(_padded(words, length, lambda: read("")) for words in (positive, negative)))

    def _refuse(self, clip_skip: int) -> None:
        layers = min(encoder.config.num_hidden_layers for _, encoder in self.readers)
        if clip_skip >= layers:
            raise TryAgain(f"clip_skip can be at most {layers - 1} for this model, not {clip_skip}.")

    @torch.no_grad()
    def _read(self, text: str, clip_skip: int) -> Embedding:
        return self.read(text, clip_skip)

    def read(self, text: str, clip_skip: int = 0) -> Embedding:
        """By encoders that are on their device; nothing is kept, and where they learn it has gradients."""
        states, pooled = [], None
        for tokenizer, encoder in self.readers:
            parts = chunks(tokenizer, text)
            ids = torch.tensor([part.ids for part in parts]).to(encoder.device)
            read = encoder(ids, output_hidden_states=True)
            states.append(_weighted(self._states(encoder, read, clip_skip), parts))
            # the first chunk's, as AUTOMATIC1111's web UI takes it
            pooled = read.text_embeds[:1] if "text_embeds" in read else None
        both = torch.cat(states, dim=-1)
        return Embedding(both.reshape(1, -1, both.shape[-1]), pooled)

    def _states(self, encoder: Any, read: Any, clip_skip: int) -> torch.Tensor:
        """Shape (chunks, tokens, features).

        A pipeline's own `clip_skip` looks for the norm where transformers no longer keeps it (diffusers #14124), and
        leaves the negative prompt unskipped.
        """
        if self.penultimate:
            return read.hidden_states[-(clip_skip + 2)]
        if not clip_skip:
            return read.last_hidden_state
        return getattr(encoder, "text_model", encoder).final_layer_norm(read.hidden_states[-(clip_skip + 1)])


def _weighted(states: torch.Tensor, parts: Sequence[Chunk]) -> torch.Tensor:
    """Each token's state times its weight, then each chunk scaled back to its mean (AUTOMATIC1111's web UI).

    No mean is scaled by more than the weights could have moved it: where states cancel out, their mean is next to
    nothing, and says nothing of their size.
    """
    if all(weight == 1 for part in parts for weight in part.weights):
        return states
    weights = torch.tensor([part.weights for part in parts])
    least, most = 1 / weights.amax(1), 1 / weights.amin(1).clamp(min=1 / MOST)
    weights, least, most = (bound.to(states.device) for bound in (weights, least, most))
    wide = states.float()
    scaled = wide * weights[..., None]
    back = (wide.mean((1, 2)) / scaled.mean((1, 2))).nan_to_num(1.0)
    return (scaled * torch.clamp(back, least, most)[:, None, None]).to(states.dtype)


def _zeros(words: Embedding) -> Embedding:
    return Embedding(torch.zeros_like(words.states), None if words.pooled is None else torch.zeros_like(words.pooled))


def _padded(words: Embedding, length: int, empty: Callable[[], Embedding]) -> Embedding:
    missing = length - words.states.shape[1]
    if not missing:
        return words
    blank = empty().states
    return Embedding(torch.cat([words.states, *[blank] * (missing // blank.shape[1])], dim=1), words.pooled)
