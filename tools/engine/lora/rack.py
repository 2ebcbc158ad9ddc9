"""One part of a model and what it wears: the choice between merging LoRAs and keeping them beside the weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tools.engine.lora.merged import Merged
from tools.engine.lora.places import Part
from tools.engine.lora.slots import Slots
from tools.engine.lora.wear import Row


@dataclass
class Rack:
    """
    One part of the model and what it wears. Switching is free where nothing has changed since the last call.

    Sets that differ are worn beside the weights. A set that all rows share is merged where the part `merges`: always
    or never, so that whatever was worn before, the same picture is the same to the bit. A set that is not low-rank is
    merged anyway, and shares a call with rows of that very set only.
    """

    part: Part
    merges: bool
    _rows: tuple[Row, ...] = ((),)

    def __post_init__(self) -> None:
        self._merged, self._slots = Merged(self.part), Slots(self.part)

    @property
    def beside(self) -> bool:
        return self._slots.worn

    def wear(self, rows: Sequence[Row]) -> None:
        """Until the next time; no rows, or rows without LoRAs, leave the model as it was loaded."""
        mine = tuple(tuple(wear for wear in row if wear.weight and wear.lora.deltas[self.part]) for row in rows)
        looks = mine if len(set(mine)) > 1 else mine[:1] or ((),)
        if looks == self._rows:
            return
        # should a change fail, the next call must not take it for done
        self._rows = ()
        self._change(looks)
        self._rows = looks

    def _change(self, looks: tuple[Row, ...]) -> None:
        beside = low_rank(looks, self.part)
        if not beside and len(looks) > 1:
            raise ValueError("rows of different groups cannot share a call")
        if len(looks) == 1 and (self.merges or not beside):
            self._slots.bare()
            self._merged.wear(looks[0])
        else:
            self._merged.bare()
            self._slots.wear(looks)


def low_rank(rows: Sequence[Row], part: Part) -> bool:
    """Whether each may share a call with rows that wear something else."""
    return all(wear.lora.low_rank[part] for row in rows for wear in row)
