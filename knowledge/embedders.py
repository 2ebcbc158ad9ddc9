"""The contract of what turns words and pictures into vectors, and which encoder fills which space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from knowledge.base import Space, Vector

TEXT, IMAGE = "text", "image"
"""The two spaces of a collection: what a record says, and what its picture shows."""


class TextEmbedder(Protocol):
    """Rows are unit length, float32, shape (n, dim)."""

    @property
    def fingerprint(self) -> str:
        """Names the weights: two embedders with the same fingerprint give comparable vectors."""
        ...

    @property
    def dim(self) -> int: ...

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


class Embedder(TextEmbedder, Protocol):
    """Text and images in one space."""

    def images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]: ...


@dataclass(frozen=True)
class Encoders:
    """`text` reads what records say; `image` sees what their pictures show, and hears words in the same space."""

    text: TextEmbedder
    image: Embedder

    def spaces(self) -> tuple[Space, Space]:
        return (
            Space(TEXT, self.text.fingerprint, self.text.dim),
            Space(IMAGE, self.image.fingerprint, self.image.dim),
        )

    def fingerprints(self) -> Mapping[str, str]:
        return {TEXT: self.text.fingerprint, IMAGE: self.image.fingerprint}

    def said(self, phrases: Sequence[str]) -> list[Mapping[str, Vector]]:
        """What each phrase looks for, in every space."""
        pairs = zip(self.text.texts(phrases), self.image.texts(phrases), strict=True)
        return [{TEXT: text, IMAGE: image} for text, image in pairs]

    def shown(self, image: Image.Image) -> Mapping[str, Vector]:
        """What is looked for by a picture, in the one space that sees."""
        return {IMAGE: self.image.images([image])[0]}
