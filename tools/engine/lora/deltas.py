"""What a LoRA adds to one weight: the kinds of it, as formulas over the file's tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch

Parts = Mapping[str, torch.Tensor]
"""The tensors of one layer, by the name of their role: `down`, `up`, `hada_w1_a`, `lokr_t2`, `dora_scale`, …"""


class Delta(Protocol):
    @property
    def size(self) -> tuple[int, ...]:
        """(outputs, inputs x kernel), or (outputs,) for a bias or the weight of a norm. Raises RuntimeError."""
        ...

    def add(self, total: torch.Tensor, pristine: torch.Tensor, weight: float) -> None:
        """Add the change of `pristine` at this weight to `total`, which is float32; both are of this size."""
        ...


@dataclass(frozen=True)
class LowRank:
    """scale · up @ down (Hu et al. 2021): `down` is (rank, inputs x kernel), `up` (outputs, rank)."""

    down: torch.Tensor
    up: torch.Tensor
    scale: float

    @property
    def rank(self) -> int:
        return self.down.shape[0]

    @property
    def size(self) -> tuple[int, ...]:
        if not 0 < self.rank == self.up.shape[1]:
            raise RuntimeError(f"ranks {self.rank} and {self.up.shape[1]} in one layer")
        return self.up.shape[0], self.down.shape[1]

    def add(self, total: torch.Tensor, pristine: torch.Tensor, weight: float) -> None:
        total.addmm_(self.up.to(total), self.down.to(total), alpha=self.scale * weight)


@dataclass(frozen=True)
class Product:
    """A change whose matrix is made from its parts when it is needed."""

    make: Callable[[Parts], torch.Tensor]
    parts: Parts
    scale: float

    @property
    def size(self) -> tuple[int, ...]:
        return tuple(self.make({role: part.to("meta") for role, part in self.parts.items()}).shape)

    def add(self, total: torch.Tensor, pristine: torch.Tensor, weight: float) -> None:
        total.add_(self.make({role: part.to(total) for role, part in self.parts.items()}), alpha=self.scale * weight)


@dataclass(frozen=True)
class Decomposed:
    """
    DoRA (Liu et al. 2024): the changed weight's rows, or its inputs, get the lengths in `magnitude`.

    In peft's format the weight a user gives scales the low-rank part `inside` the norm; in LyCORIS's, the whole change.
    """

    direction: Delta
    magnitude: torch.Tensor
    by_row: bool
    inside: bool

    @property
    def size(self) -> tuple[int, ...]:
        outputs, inputs = self.direction.size
        if not (self.magnitude.numel() == outputs if self.by_row else inputs % self.magnitude.numel() == 0):
            raise RuntimeError(f"{self.magnitude.numel()} lengths for {outputs} rows of {inputs}")
        return outputs, inputs

    def add(self, total: torch.Tensor, pristine: torch.Tensor, weight: float) -> None:
        changed = pristine.to(torch.float32, copy=True)
        self.direction.add(changed, pristine, weight if self.inside else 1.0)
        rows = len(changed)
        parted = changed.view(rows, 1 if self.by_row else self.magnitude.numel(), -1)
        lengths = torch.linalg.vector_norm(parted, dim=(1, 2) if self.by_row else (0, 2), keepdim=True)
        smallest = torch.finfo(torch.float32).tiny
        parted *= self.magnitude.to(total).reshape_as(lengths) / lengths.clamp_min(smallest)
        total.add_(changed.sub_(pristine), alpha=1.0 if self.inside else weight)
