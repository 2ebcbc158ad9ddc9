"""Modules between the device and the host, the same to the bit in either place: what does not work may rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import torch
from torch import nn

Working = Callable[..., AbstractContextManager[None]]
"""Called with modules, it makes them ready to work inside its block."""


@contextmanager
def in_place(*parts: nn.Module) -> Iterator[None]:
    """They work where they are."""
    yield


@dataclass(eq=False)
class Offload:
    """Parts of one model that the UNet can do without: when `resting`, they are on `device` only while they work."""

    device: str
    parts: tuple[nn.Module, ...]
    resting: bool = False

    @contextmanager
    def working(self, *parts: nn.Module) -> Iterator[None]:
        if not self.resting:
            yield
            return
        try:
            to_device(parts, self.device)
            yield
        finally:
            to_host(parts, self.device)

    def rest(self) -> bool:
        """From now on; whether that made room."""
        if self.resting:
            return False
        self.resting = True
        to_host(self.parts, self.device)
        return True


def nbytes(modules: Iterable[nn.Module]) -> int:
    return sum(tensor.nbytes for module in modules for tensor in (*module.parameters(), *module.buffers()))


def to_device(modules: Iterable[nn.Module], device: str) -> None:
    for module in modules:
        module.to(device, non_blocking=True)


def to_host(modules: Iterable[nn.Module], device: str) -> None:
    """From that device; from a GPU into pages that cannot be swapped out, of which it reads fastest."""
    for module in modules:
        if device.startswith("cuda"):
            module._apply(pinned)
        else:
            module.to("cpu")


def pinned(tensor: torch.Tensor) -> torch.Tensor:
    return torch.empty_like(tensor, device="cpu", pin_memory=True).copy_(tensor)
