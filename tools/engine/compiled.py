"""A UNet compiled for a few sizes of batch, so that it is compiled a few times and not for every crowd."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

BATCHES = (1, 2, 4, 8, 16, 32)
"""Entries in one call: others are padded to the next of these with their last one."""
MOST = 64
"""Batches, sizes of picture, lengths of text, with and without ControlNets: beyond so many, calls are not compiled."""


@dataclass(eq=False)
class Compiled:
    """
    Weights may change in place between calls, so merged LoRAs stay right. Hooks that come later are not seen: whoever
    hangs some on the UNet must call it as it is.
    """

    unet: Any
    backend: str | Callable[..., Any]

    def __call__(self, given: Mapping[str, Any]) -> Tensor:
        """What the UNet says, for keyword arguments whose tensors all have one entry for each of `sample`'s."""
        entries = len(given["sample"])
        wanted = next((size for size in BATCHES if size >= entries), entries)
        return self._call(**padded(given, wanted - entries))[0][:entries]

    @cached_property
    def _call(self) -> Callable[..., Any]:
        # CUDA graphs: at small batches, launching costs more than the sums
        graphs = self.backend == "inductor" and self.unet.device.type == "cuda"
        mode = "reduce-overhead" if graphs else None
        # the stub of torch.compile does not know of the limit
        compiled: Any = torch.compile
        return compiled(self.unet, backend=self.backend, mode=mode, dynamic=False, recompile_limit=MOST)


def padded(value: Any, missing: int) -> Any:
    """Tensors, and those in mappings and tuples, with their last entry so many times more."""
    match value:
        case Tensor():
            return torch.cat([value, value[-1:].expand(missing, *value.shape[1:])]) if missing else value
        case Mapping():
            return {name: padded(part, missing) for name, part in value.items()}
        case tuple():
            return tuple(padded(part, missing) for part in value)
        case _:
            return value
