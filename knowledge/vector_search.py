"""The vectors of one collection nearest to those asked for: exact cosines over memory-mapped rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from knowledge.base import Vector
from knowledge.field_index import Selection
from knowledge.problems import TryAgain
from knowledge.vector_file import products
from knowledge.vector_index import Rows, VectorIndex, unfit, units

NOBODY = -1
Cosines = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Records by number, and as many cosines."""


@dataclass(frozen=True)
class VectorSearch:
    """Works inside the read transactions of one collection, and keeps between them whose each row is."""

    seen: dict[int, tuple[Rows, NDArray[np.int64]]] = field(default_factory=dict)

    def near(
        self, index: VectorIndex, vectors: Mapping[str, Vector], allowed: Selection | None, depth: int
    ) -> dict[str, dict[int, float]]:
        """
        Cosines by space of the `depth` nearest records; a space the collection does not have is not asked.

        A record near in one space is scored in every space it is in, so that being far in another counts.
        """
        kept = index.kept()
        scored = {name: self._cosines(index, kept[name], vectors[name], allowed) for name in vectors if name in kept}
        best = {name: nearest(cosines, depth) for name, cosines in scored.items()}
        if len(scored) > 1:
            wanted = np.unique(np.concatenate([numbers for numbers, _ in best.values()]))
            best = {name: only(wanted, cosines) for name, cosines in scored.items()}
        return {
            name: dict(zip(numbers.tolist(), cosines.tolist(), strict=True))
            for name, (numbers, cosines) in best.items()
        }

    def _cosines(self, index: VectorIndex, kept: Rows, vector: Vector, allowed: Selection | None) -> Cosines:
        if why := unfit(vector, kept.space):
            raise TryAgain(f"The query cannot be compared with the space {kept.space.name!r}: {why}.")
        owners, slots = self._owners(index, kept), None
        if allowed is not None or kept.buried:
            chosen = owners != NOBODY
            slots = np.flatnonzero(chosen if allowed is None else chosen & allowed.of(owners))
        rows = kept.file(index.folder).rows(kept.written)
        return (owners if slots is None else owners[slots]), products(rows, units(vector[None])[0], slots)

    def _owners(self, index: VectorIndex, kept: Rows) -> NDArray[np.int64]:
        """Whose each row is; only what is new is read, be it from here or from another process."""
        old, owners = self.seen.get(kept.place, (None, None))
        if old == kept and owners is not None:
            return owners
        if old is None or owners is None or old.generation != kept.generation:
            old, owners = replace(kept, written=0, buried=0), np.empty(0, np.int64)
        owners = np.concatenate([owners, np.full(kept.written - old.written, NOBODY)])
        slots, numbers = index.owners(kept, since=old.written)
        owners[slots] = numbers
        owners[index.graves(kept, since=old.buried)] = NOBODY
        self.seen[kept.place] = kept, owners
        return owners


def nearest(cosines: Cosines, depth: int) -> Cosines:
    """The first `depth`, best first; of equals, the first stored."""
    numbers, values = cosines
    if len(numbers) > depth:
        chosen = np.argpartition(-values, depth)[:depth]
        numbers, values = numbers[chosen], values[chosen]
    order = np.lexsort((numbers, -values))
    return numbers[order], values[order]


def only(wanted: NDArray[np.int64], cosines: Cosines) -> Cosines:
    numbers, values = cosines
    chosen = np.flatnonzero(np.isin(numbers, wanted))
    return nearest((numbers[chosen], values[chosen]), len(chosen))
