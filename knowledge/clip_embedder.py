"""CLIP and its family through transformers: words and pictures as unit vectors of one space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from knowledge.hub_encoder import HubEncoder

FIXED_LENGTH = frozenset({"siglip", "siglip2"})
"""Families trained on texts padded to one length; the others take the longest of the batch."""


@dataclass(frozen=True)
class ClipEmbedder(HubEncoder):
    """An `Embedder` (Radford et al. 2021; SigLIP too)."""

    called: ClassVar[str] = "CLIP model"
    preparers: ClassVar[tuple[str, ...]] = ("AutoTokenizer", "AutoImageProcessor")

    @property
    def dim(self) -> int:
        config = self._parts[0].config
        return int(getattr(config, "projection_dim", None) or config.text_config.hidden_size)

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        model, tokenizer, _ = self._parts
        padding = "max_length" if model.config.model_type in FIXED_LENGTH else True
        length = model.config.text_config.max_position_embeddings

        def encode(some: Sequence[str]) -> Any:
            tokens = tokenizer(list(some), padding=padding, truncation=True, max_length=length, return_tensors="pt")
            return model.get_text_features(**tokens.to(self.device)).pooler_output

        return self._rows(texts, encode, self.dim)

    def images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        model, _, processor = self._parts

        def encode(some: Sequence[Image.Image]) -> Any:
            pixels = processor([image.convert("RGB") for image in some], return_tensors="pt")
            return model.get_image_features(pixels["pixel_values"].to(self.device)).pooler_output

        return self._rows(images, encode, self.dim)
