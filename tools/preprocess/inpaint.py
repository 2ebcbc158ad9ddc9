"""The picture with the part that is to be repainted in pure black, which nothing else in the map is."""

from __future__ import annotations

import numpy as np
from PIL import Image

HALF = 128
"""From here on a pixel counts as one to keep."""


def inpaint(image: Image.Image) -> Image.Image:
    """`image` is RGBA: what is transparent is to be repainted.

    ControlNets for inpainting mark those pixels by a value that no picture has (-1 for Stable Diffusion 1.5). A file
    cannot hold it, so black stands for it, and black that is kept is lifted to the next darkest grey.
    """
    pixels = np.asarray(image.convert("RGBA"))
    kept = np.where(pixels[..., :3].any(axis=2, keepdims=True), pixels[..., :3], 1)
    return Image.fromarray(np.where(pixels[..., 3:] >= HALF, kept, 0).astype(np.uint8))
