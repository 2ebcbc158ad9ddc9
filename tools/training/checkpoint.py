"""What a training that was stopped goes on from: written whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from knowledge.data_folder import write_whole


@dataclass(frozen=True)
class Checkpoint:
    """
    After `step` steps: the adapter's tensors by part, the optimiser's and the gradient scaler's state.

    There is no state of chance in it: each step draws its own from the seed and its number.
    """

    step: int
    adapter: Mapping[str, Mapping[str, Tensor]]
    optimizer: Mapping[str, Any]
    scaler: Mapping[str, Any]
    losses: tuple[float, ...]

    def save(self, path: Path) -> None:
        data = io.BytesIO()
        torch.save({**vars(self), "losses": list(self.losses)}, data)
        write_whole(path, data.getvalue())

    @classmethod
    def load(cls, path: Path, device: Any) -> Checkpoint | None:
        """None where there is none yet."""
        if not path.is_file():
            return None
        state = torch.load(path, weights_only=True, map_location=device)
        return cls(**{**state, "losses": tuple(state["losses"])})
