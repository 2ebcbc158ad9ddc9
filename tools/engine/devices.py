"""Where models run: the device that was asked for, or the best there is."""

from __future__ import annotations

import torch

from knowledge.problems import GiveUp


def device(asked: str) -> str:
    """`auto` takes a GPU if there is one. Raises `GiveUp` for one that is not there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if asked == "auto":
        return next(name for name, is_there in there.items() if is_there)
    if not there.get(asked):
        raise GiveUp(f"There is no device {asked!r} here; set ATELIER_DEVICE to auto or cpu.")
    return asked
