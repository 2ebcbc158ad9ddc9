"""
A picture decoded in strips of rows, where it would not fit whole: the same picture, but for rounding.

Tiles that are blended (diffusers' own) draw another: each has its own statistics. Here those are the whole map's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from diffusers.models.unets.unet_2d_blocks import UpDecoderBlock2D
from torch import Tensor, nn

Step = Callable[[Tensor], Tensor]
ROWS = 64
"""Of a map, in one strip."""


@dataclass(frozen=True)
class Strips:
    """Maps are kept on the host, and only a strip of one is on the device at a time."""

    decoder: Any
    """With SiLU, as all have that have these blocks."""
    rows: int = ROWS

    @classmethod
    def fit(cls, vae: Any) -> bool:
        """Whether this autoencoder's decoder is made of what is known here."""
        return isinstance(vae, AutoencoderKL) and {type(block) for block in vae.decoder.up_blocks} == {UpDecoderBlock2D}

    def decode(self, latents: Tensor) -> Tensor:
        """What the decoder makes of them: shape (n, 3, 8 h, 8 w), on the host."""
        maps = self.decoder.mid_block(self.decoder.conv_in(latents)).cpu()
        for block in self.decoder.up_blocks:
            for resnet in block.resnets:
                maps = self._resnet(resnet, maps)
            for upsampler in block.upsamplers or ():
                maps = self._convolved(upsampler.conv, maps.repeat_interleave(2, 2).repeat_interleave(2, 3))
        return self._convolved(self.decoder.conv_out, maps, self._normal(self.decoder.conv_norm_out, maps))

    def _resnet(self, resnet: Any, maps: Tensor) -> Tensor:
        inner = self._convolved(resnet.conv1, maps, self._normal(resnet.norm1, maps))
        inner = self._convolved(resnet.conv2, inner, self._normal(resnet.norm2, inner))
        beside = maps if resnet.conv_shortcut is None else self._convolved(resnet.conv_shortcut, maps)
        return inner.add_(beside)

    def _convolved(self, conv: nn.Conv2d, maps: Tensor, before: Step = lambda strip: strip) -> Tensor:
        """By an odd kernel that keeps the size; `before` is done to each strip, and then its edge is padded."""
        halo, height = conv.kernel_size[0] // 2, maps.shape[2]
        made = maps.new_empty(len(maps), conv.out_channels, *maps.shape[2:])
        for top in range(0, height, self.rows):
            end = min(top + self.rows, height)
            first, last = max(top - halo, 0), min(end + halo, height)
            strip = before(maps[:, :, first:last].to(conv.weight.device))
            edges = (halo, halo, halo - (top - first), halo - (last - end))
            made[:, :, top:end] = F.conv2d(F.pad(strip, edges), conv.weight, conv.bias)
        return made

    def _normal(self, norm: nn.GroupNorm, maps: Tensor) -> Step:
        """Normalised by the statistics of all the maps, and then SiLU."""
        shape = len(maps), norm.num_groups, -1
        strips = (maps[:, :, top : top + self.rows] for top in range(0, maps.shape[2], self.rows))
        variance, mean = combined(strip.to(norm.weight.device).float().reshape(shape) for strip in strips)
        scale = (variance + norm.eps).rsqrt()

        def normal(strip: Tensor) -> Tensor:
            even = (strip.float().reshape(shape) - mean) * scale
            even = even.reshape(strip.shape) * norm.weight.float()[:, None, None] + norm.bias.float()[:, None, None]
            return F.silu(even.to(strip.dtype))

        return normal


def combined(strips: Iterator[Tensor]) -> tuple[Tensor, Tensor]:
    """Variance and mean over the last dimension of all strips together (Chan, Golub and LeVeque 1979)."""
    sizes, variances, means = [], [], []
    for strip in strips:
        variance, mean = torch.var_mean(strip, -1, correction=0, keepdim=True)
        sizes.append(strip.shape[-1])
        variances.append(variance)
        means.append(mean)
    shares = torch.tensor(sizes).to(means[0])[:, None, None, None] / sum(sizes)
    between, mean = torch.stack(means), (torch.stack(means) * shares).sum(0)
    return ((torch.stack(variances) + (between - mean) ** 2) * shares).sum(0), mean
