"""LoRAs merged into the weights in place, each time from the pristine ones: what is taken off leaves no trace."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from tools.engine.lora.places import Part, Place
from tools.engine.lora.wear import Change, Row, changes


@dataclass(frozen=True)
class Merged:
    """
    Keeps a copy of the weights that are changed now, and of no others; computes in float32, then rounds.

    A merged layer costs nothing when it is called, and its tensor stays where it is: what was compiled or captured
    around it stays good.
    """

    part: Part
    _pristine: dict[Place, torch.Tensor] = field(default_factory=dict, init=False, repr=False)

    @torch.no_grad()
    def wear(self, row: Row) -> None:
        """In place of what was worn before; after a failure nothing is worn."""
        wanted = changes(row, self.part)
        self._restore([place for place in self._pristine if place not in wanted])
        try:
            for place, here in wanted.items():
                self._change(place, here)
        except RuntimeError:
            self.bare()
            raise

    @torch.no_grad()
    def bare(self) -> None:
        self._restore(list(self._pristine))

    def _restore(self, places: list[Place]) -> None:
        for place in places:
            place.parameter.copy_(self._pristine[place])
            del self._pristine[place]

    def _change(self, place: Place, here: list[Change]) -> None:
        parameter = place.parameter
        if place not in self._pristine:
            self._pristine[place] = parameter.clone()
        pristine = self._pristine[place].reshape(place.size)
        total = pristine.to(torch.float32, copy=True)
        for delta, weight in here:
            delta.add(total, pristine, weight)
        parameter.copy_(total.view(parameter.shape))
