"""A LoRA as a row of a batch wears it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from tools.engine.lora.deltas import Delta
from tools.engine.lora.fitting import Lora
from tools.engine.lora.places import Part, Place


@dataclass(frozen=True)
class Wear:
    """`weight` 1 is as trained; `blocks` are factors of it in some blocks (`IN04`, `MID`, `BASE`), 1 in the others."""

    lora: Lora
    weight: float = 1.0
    blocks: tuple[tuple[str, float], ...] = ()

    @cached_property
    def _factors(self) -> Mapping[str, float]:
        return dict(self.blocks)

    def at(self, place: Place) -> float:
        return self.weight * self._factors.get(place.block, 1.0) if self.blocks else self.weight


Row = tuple[Wear, ...]
"""All that one row of a batch, or one prompt, wears."""
Change = tuple[Delta, float]
"""A delta and its weight at one place."""


def changes(row: Row, part: Part) -> dict[Place, list[Change]]:
    """What the row changes where, without what its weights make nothing of."""
    found: dict[Place, list[Change]] = {}
    for wear in row:
        for place, delta in wear.lora.deltas[part].items():
            if weight := wear.at(place):
                found.setdefault(place, []).append((delta, weight))
    return found
