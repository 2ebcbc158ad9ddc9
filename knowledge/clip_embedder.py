"""CLIP and its family through transformers: words and pictures as unit vectors of one space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError

from knowledge.model_folder import fingerprint, folder_of
from knowledge.problems import GiveUp

if TYPE_CHECKING:
    import torch

FIXED_LENGTH = frozenset({"siglip", "siglip2"})
"""Families trained on texts padded to one length; the others take the longest of the batch."""


def unit_rows(wanted: Sequence[Any], encode: Any, batch: int, dim: int) -> NDArray[np.float32]:
    """What `encode` makes of the wanted, so many at once, as rows of unit length, shape (n, dim)."""
    import torch

    rows: list[torch.Tensor] = []
    with torch.inference_mode():
        for start in range(0, len(wanted), batch):
            rows.append(torch.nn.functional.normalize(encode(wanted[start : start + batch]).float(), dim=-1).cpu())
    return torch.cat(rows).numpy() if rows else np.empty((0, dim), np.float32)


class Parts(NamedTuple):
    model: Any
    tokenizer: Any
    images: Any


@dataclass(frozen=True)
class ClipEmbedder:
    """
    An `Embedder` from a local folder, or a hub id with an optional `@revision` (Radford et al. 2021, SigLIP too).

    Nothing is loaded before the first use, which raises `GiveUp` if the model cannot be had. Weights are read from
    safetensors only, no code of the repository is run, and texts are cut at the length the model was made for.
    """

    source: str
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
        config = self._parts.model.config
        return int(getattr(config, "projection_dim", None) or config.text_config.hidden_size)

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        config = self._parts.model.config
        padding = "max_length" if config.model_type in FIXED_LENGTH else True
        length = config.text_config.max_position_embeddings

        def encode(some: Sequence[str]) -> Any:
            tokens = self._parts.tokenizer(
                list(some), padding=padding, truncation=True, max_length=length, return_tensors="pt"
            )
            return self._parts.model.get_text_features(**tokens.to(self.device)).pooler_output

        return unit_rows(texts, encode, self.batch, self.dim)

    def images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        def encode(some: Sequence[Image.Image]) -> Any:
            pixels = self._parts.images([image.convert("RGB") for image in some], return_tensors="pt")
            return self._parts.model.get_image_features(pixels["pixel_values"].to(self.device)).pooler_output

        return unit_rows(images, encode, self.batch, self.dim)

    @cached_property
    def _parts(self) -> Parts:
        import torch
        from transformers import AutoImageProcessor, AutoModel, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()
        options: dict[str, Any] = {"local_files_only": True}
        try:
            model = AutoModel.from_pretrained(self._folder, dtype=torch.float32, use_safetensors=True, **options)
            tokenizer = AutoTokenizer.from_pretrained(self._folder, **options)
            images = AutoImageProcessor.from_pretrained(self._folder, **options)
        except (OSError, ValueError, SafetensorError) as error:
            raise GiveUp(f"The embedder {self.source!r} cannot be loaded: it is no complete CLIP model.") from error
        return Parts(model.eval().to(self.device), tokenizer, images)

    @cached_property
    def _folder(self) -> Path:
        return folder_of(self.source)
