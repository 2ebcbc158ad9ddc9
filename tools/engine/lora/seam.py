"""The low-rank path beside one layer: two more multiplications, however many LoRAs the rows wear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F


@dataclass
class Seam:
    """
    A forward hook. `down` is (groups, columns, inputs x kernel), `up` (groups, columns, outputs), in the layer's type.

    One group is for all rows of the call alike; otherwise there is one for each row.
    """

    down: torch.Tensor
    up: torch.Tensor
    alpha: float = 1.0

    def __call__(self, layer: nn.Module, given: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        rows = given[0]
        if len(self.down) not in (1, len(rows)):
            raise ValueError(f"LoRAs are laid out for {len(self.down)} rows and the layer was called with {len(rows)}")
        if isinstance(layer, nn.Conv2d):
            self._beside_convolution(layer, rows, output)
        else:
            self._beside_linear(rows, output)

    def _beside_linear(self, rows: torch.Tensor, output: torch.Tensor) -> None:
        groups = len(self.down)
        hidden = torch.bmm(rows.reshape(groups, -1, rows.shape[-1]), self.down.transpose(1, 2))
        output.view(groups, -1, output.shape[-1]).baddbmm_(hidden, self.up, alpha=self.alpha)

    def _beside_convolution(self, layer: nn.Conv2d, rows: torch.Tensor, output: torch.Tensor) -> None:
        """The rows become the groups of one convolution, so that each has kernels of its own."""
        groups, columns, _ = self.down.shape
        kernels = self.down.reshape(groups * columns, *layer.weight.shape[1:])
        joined = rows.reshape(-1, groups * rows.shape[1], *rows.shape[2:])
        where: Any = (layer.stride, layer.padding, layer.dilation)
        hidden = F.conv2d(joined, kernels, None, *where, groups=groups)
        hidden = hidden.reshape(len(rows), columns, -1)
        output.add_(torch.matmul(self.up.transpose(1, 2), hidden).view_as(output), alpha=self.alpha)
