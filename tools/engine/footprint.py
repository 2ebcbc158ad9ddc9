"""What a picture takes of the device's memory beside the weights, said before it is drawn."""

from __future__ import annotations

from typing import Any

UNET, DECODER = 26, 6
"""
The most values that live at once, as multiples of the values in one map of the first block's channels, at the size of
the latents for the UNet and of the picture for the decoder.

Counted over one call of the true architectures (storages alive after each operation, attention taken as fused): 26.0
for SD 1.5 and 15.8 for SDXL, 6.0 for their decoder, the same at every size and number of rows.
"""
MARGIN = 1.5
"""For what that count cannot see: workspaces of convolutions, and memory in pieces that are too small to use."""


def denoising(unet: Any, height: int, width: int, entries: int) -> int:
    """Bytes for one call of the UNet on so many latents of that size."""
    values = UNET * unet.config.block_out_channels[0] * height * width * entries
    return int(MARGIN * values * unet.dtype.itemsize)


def decoding(vae: Any, height: int, width: int, itemsize: int) -> int:
    """Bytes to decode one picture of that size whole, in values of `itemsize` bytes."""
    return int(MARGIN * DECODER * vae.config.block_out_channels[0] * height * width * itemsize)
