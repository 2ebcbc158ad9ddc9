"""Pictures and masks as tensors, and a repainted picture put back into the one it was painted on."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

SEAM = 4
"""Pixels inside a mask's edge over which the new picture fades in; outside, nothing changes."""


def sized(image: Image.Image, width: int, height: int, exact: bool = False) -> Image.Image:
    """RGB of that size; what sticks out is cropped. Colours are not mixed where `exact`."""
    resampling = Image.Resampling.NEAREST if exact else Image.Resampling.LANCZOS
    return ImageOps.fit(image.convert("RGB"), (width, height), resampling)


def signed(image: Image.Image) -> Tensor:
    """Shape (1, 3, height, width), in -1..1."""
    return unsigned(image) * 2 - 1


def unsigned(image: Image.Image) -> Tensor:
    """Shape (1, 3, height, width), in 0..1."""
    return torch.from_numpy(np.array(image.convert("RGB"), np.float32) / 255).permute(2, 0, 1)[None]


def hidden(control: Tensor) -> Tensor:
    """An inpainting ControlNet's map: -1 where it is black, which is where to repaint."""
    return torch.where((control == 0).all(1, keepdim=True), -1.0, control)


def masked(mask: Image.Image) -> Tensor:
    """Shape (1, 1, height, width): 1 where the mask is white, to be repainted, else 0."""
    return torch.from_numpy((np.array(mask.convert("L")) > 127).astype(np.float32))[None, None]


def put_back(drawn: Image.Image, onto: Image.Image, mask: Image.Image) -> Image.Image:
    """`drawn` inside the mask; outside it exactly `onto`."""
    inside = np.array(mask.convert("L")) > 127
    depth = cv2.distanceTransform(np.pad(inside, 1, mode="edge").astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    share = np.clip(depth / (SEAM + 1), 0, 1)[..., None]
    mixed = np.asarray(drawn, np.float32) * share + np.asarray(onto, np.float32) * (1 - share)
    return Image.fromarray(np.where(inside[..., None], np.rint(mixed), np.asarray(onto)).astype(np.uint8))
