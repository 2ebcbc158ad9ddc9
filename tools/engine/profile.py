"""How the engine uses this machine: memory, and whether UNets are compiled. No picture depends on it."""

from __future__ import annotations

from dataclasses import dataclass

import psutil
import torch

SHARE = 0.5
"""Of the memory that the machine has free: the rest is for what pictures need while they are drawn, and for others."""


@dataclass(frozen=True)
class Budget:
    """Bytes of weights that are kept on the device, and of those that rest on the host."""

    device: int
    host: int

    @classmethod
    def of(cls, device: str) -> Budget:
        """What the GPU has free and a share of the host's; where the device is the host there is nowhere to rest."""
        share = int(psutil.virtual_memory().available * SHARE)
        # a GPU that is not there is found out when it is to be used
        return cls(free(device), share) if device.startswith("cuda") and torch.cuda.is_available() else cls(share, 0)


@dataclass(frozen=True)
class Profile:
    """
    `low` is for small GPUs: only the UNet stays on the device, and one picture at a time is drawn, decoded in strips.

    `compiler` is torch.compile's backend for UNets, such as `inductor`; empty to call them as they are. A `budget` that
    is given holds for what models work on, too; without one, the device's own memory does.
    """

    low: bool = False
    compiler: str = ""
    budget: Budget | None = None


NORMAL = Profile()


def free(device: str) -> int:
    """Bytes that the device has for us now, those included that torch holds and does not use."""
    if not device.startswith("cuda"):
        return psutil.virtual_memory().available
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + unused
