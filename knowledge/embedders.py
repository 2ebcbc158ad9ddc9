"""The contract of what turns words and pictures into vectors of one space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image


class Embedder(Protocol):
    """Text and images in one space. Rows are unit length, float32, shape (n, dim)."""

    @property
    def fingerprint(self) -> str:
        """Names the weights: two embedders with the same fingerprint give comparable vectors."""
        ...

    @property
    def dim(self) -> int: ...

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]: ...

    def images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]: ...
