"""The picture without its detail, for ControlNets that put detail back."""

from __future__ import annotations

from PIL import Image, ImageFilter

SHRINK = 4
"""Times smaller than the picture that the map is a coarse version of."""
SPREAD = 1 / 64
"""Standard deviation of the blur, of the shorter side."""


def tile(image: Image.Image) -> Image.Image:
    small = image.convert("RGB").resize((image.width // SHRINK, image.height // SHRINK), Image.Resampling.BOX)
    return small.resize(image.size, Image.Resampling.BICUBIC)


def blur(image: Image.Image) -> Image.Image:
    return image.convert("RGB").filter(ImageFilter.GaussianBlur(SPREAD * min(image.size)))
