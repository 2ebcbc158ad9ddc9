"""LoRAs beside the weights: every row of a call wears its own set, and the weights stay as they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import torch
from torch.utils.hooks import RemovableHandle

from tools.engine.lora.deltas import LowRank
from tools.engine.lora.fitting import Lora
from tools.engine.lora.places import Part, Place
from tools.engine.lora.seam import Seam
from tools.engine.lora.wear import Row, Wear, changes


@dataclass(frozen=True)
class Slots:
    """
    Hooks on the layers that some row changes, and on no others. Only for LoRAs that are low-rank there.

    What the rows wear is gathered when it changes and not when the model is called: a call then has two launches more
    a layer, for one LoRA as for many.
    """

    part: Part
    _seams: dict[Place, tuple[Seam, RemovableHandle]] = field(default_factory=dict, init=False, repr=False)

    @torch.no_grad()
    def wear(self, rows: Sequence[Row]) -> None:
        """In place of what was worn before. One row is for all rows of the calls that follow."""
        seams = shared(rows[0], self.part) if len(rows) == 1 else mixed(rows, self.part)
        self._take_off([place for place in self._seams if place not in seams])
        for place, seam in seams.items():
            if place in self._seams:
                here = self._seams[place][0]
                here.down, here.up, here.alpha = seam.down, seam.up, seam.alpha
            else:
                self._seams[place] = seam, place.module.register_forward_hook(seam)

    @property
    def worn(self) -> bool:
        return bool(self._seams)

    def bare(self) -> None:
        self._take_off(list(self._seams))

    def _take_off(self, places: Iterable[Place]) -> None:
        for place in places:
            self._seams.pop(place)[1].remove()


def shared(row: Row, part: Part) -> dict[Place, Seam]:
    """For rows that are all alike: the file's own tensors, and a copy only where two LoRAs meet."""
    seams: dict[Place, Seam] = {}
    for place, here in changes(row, part).items():
        low_rank = [(delta, delta.scale * weight) for delta, weight in here if isinstance(delta, LowRank)]
        (first, alpha), *others = low_rank
        down, up = first.down, first.up.t()
        if others:
            down = torch.cat([delta.down for delta, _ in low_rank])
            up, alpha = torch.cat([delta.up.t().float() * scale for delta, scale in low_rank]), 1.0
        seams[place] = Seam(down.to(place.parameter)[None], up.to(place.parameter)[None], alpha)
    return seams


def mixed(rows: Sequence[Row], part: Part) -> dict[Place, Seam]:
    """For rows of their own: layers of one shape are gathered together, in a handful of launches."""
    loras = list(dict.fromkeys(wear.lora for row in rows for wear in row))
    alike: dict[tuple[object, ...], list[Place]] = {}
    for place in dict.fromkeys(place for lora in loras for place in lora.deltas[part]):
        parameter = place.parameter
        alike.setdefault((place.size, parameter.dtype, parameter.device), []).append(place)
    seams: dict[Place, Seam] = {}
    for places in alike.values():
        seams |= Pattern(tuple(places), part, loras).cut(rows)
    return seams


@dataclass(frozen=True)
class Pattern:
    """Layers of one shape, and where the ranks of each LoRA lie when those of all are laid end to end."""

    places: tuple[Place, ...]
    part: Part
    loras: Sequence[Lora]

    def cut(self, rows: Sequence[Row]) -> dict[Place, Seam]:
        parameter = self.places[0].parameter
        downs, ups, at = self._end_to_end()
        # the last one is empty: where a row has fewer columns than another, it reads there
        downs.append(downs[0].new_zeros(1, downs[0].shape[1]))
        ups.append(ups[0].new_zeros(1, ups[0].shape[1]))
        which, how_much = self._columns(rows, at, sum(map(len, downs)) - 1)
        index = torch.from_numpy(which).to(parameter.device)
        weights = torch.from_numpy(how_much).to(parameter.device)
        down = torch.cat(downs).to(parameter).index_select(0, index.flatten()).view(*index.shape, -1)
        up = torch.cat(ups).to(parameter).index_select(0, index.flatten()).view(*index.shape, -1)
        up.mul_(weights[..., None])
        return {place: Seam(down[number], up[number]) for number, place in enumerate(self.places)}

    def _end_to_end(self) -> tuple[list[torch.Tensor], list[torch.Tensor], dict[Lora, np.ndarray]]:
        """The factors of all LoRAs, and of each the (layer, rank) positions in them, -1 where it has none."""
        downs, ups, at, end = list[torch.Tensor](), list[torch.Tensor](), dict[Lora, np.ndarray](), 0
        for lora in self.loras:
            here = {number: delta for number, place in enumerate(self.places) if (delta := self._delta(lora, place))}
            widest = max((delta.rank for delta in here.values()), default=0)
            at[lora] = np.full((len(self.places), widest), -1)
            for number, delta in here.items():
                downs.append(delta.down)
                ups.append(delta.up.t())
                at[lora][number, : delta.rank] = np.arange(end, end + delta.rank)
                end += delta.rank
        return downs, ups, at

    def _columns(self, rows: Sequence[Row], at: dict[Lora, np.ndarray], empty: int) -> tuple[np.ndarray, np.ndarray]:
        """For (layer, row, column) the position to read, and the weight of what is read there."""
        width = max(sum(at[wear.lora].shape[1] for wear in row) for row in rows)
        which = np.full((len(self.places), len(rows), width), empty)
        how_much = np.zeros(which.shape, np.float32)
        weights = {wear: self._weights(wear) for wear in dict.fromkeys(wear for row in rows for wear in row)}
        for number, row in enumerate(rows):
            column = 0
            for wear in row:
                places = at[wear.lora]
                end = column + places.shape[1]
                which[:, number, column:end] = np.where(places < 0, empty, places)
                how_much[:, number, column:end] = weights[wear]
                column = end
        return which, how_much

    def _weights(self, wear: Wear) -> np.ndarray:
        found = ((self._delta(wear.lora, place), wear.at(place)) for place in self.places)
        return np.array([[delta.scale * weight if delta else 0.0] for delta, weight in found], np.float32)

    def _delta(self, lora: Lora, place: Place) -> LowRank | None:
        return cast("LowRank | None", lora.deltas[self.part].get(place))
