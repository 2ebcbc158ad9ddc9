"""Content shuffle (ControlNet 1.1): the picture's colours and textures, swirled until nothing keeps its place."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

GRAINS = 4
"""Random values along each side of a field twice as large as the picture, which shows its middle: two swirls across."""


def shuffle(image: Image.Image) -> Image.Image:
    """The same image always gives the same map."""
    rng = np.random.default_rng(0)
    width, height = image.size
    columns, rows = (_flow(rng, width, height) * (side - 1) for side in (width, height))
    moved = cv2.remap(np.asarray(image.convert("RGB")), columns, rows, cv2.INTER_LINEAR)
    return Image.fromarray(moved)


def _flow(rng: np.random.Generator, width: int, height: int) -> NDArray[np.float32]:
    """Shape (height, width), smooth, from 0 to 1."""
    coarse = rng.random((GRAINS, GRAINS)).astype(np.float32)
    field = cv2.resize(coarse, (2 * width, 2 * height), interpolation=cv2.INTER_CUBIC)
    middle = field[height // 2 : height // 2 + height, width // 2 : width // 2 + width]
    return (middle - middle.min()) / (middle.max() - middle.min())
