"""The few records that together cover every part of a wish, chosen from a ranking for each part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from knowledge.base import Hit


def covering(rankings: Sequence[tuple[str, Sequence[Hit]]], limit: int) -> list[Hit]:
    """
    Hits that no other beats in every part (the Pareto set), those first that add most to what is covered; then the
    set of what is left, and so on, up to `limit`. Each keeps its best score and says for which part, by the part's name
    in `rankings`.
    """
    best: dict[tuple[str, str], Hit] = {}
    scores: dict[tuple[str, str], dict[int, float]] = {}
    for place, (part, hits) in enumerate(rankings):
        for hit in hits:
            key = (hit.collection, hit.record.id)
            scores.setdefault(key, {})[place] = hit.score
            if key not in best or hit.score > best[key].score:
                best[key] = replace(hit, why=f"near {part}")
    keys, width = list(best), len(rankings)
    table = np.array([[scores[key].get(place, 0.0) for place in range(width)] for key in keys]).reshape(-1, width)
    return [best[keys[place]] for place in ordered(table, limit)]


def ordered(table: NDArray[np.float64], limit: int) -> list[int]:
    """Rows of `table` (n, parts), layer by layer of non-dominated ones; within a layer greedily by coverage."""
    left = np.arange(len(table))
    chosen: list[int] = []
    while len(left) and len(chosen) < limit:
        layer = left[undominated(table[left])]
        chosen += greedy(table, layer, limit - len(chosen))
        left = np.setdiff1d(left, layer)
    return chosen


def undominated(table: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Rows than which no other row is as good everywhere and better somewhere."""
    as_good = np.all(table[None] >= table[:, None], axis=2)
    better = np.any(table[None] > table[:, None], axis=2)
    return ~np.any(as_good & better, axis=1)


def greedy(table: NDArray[np.float64], rows: NDArray[np.int_], limit: int) -> list[int]:
    """The rows in the order in which each adds most to the best score of every part; of equals the higher in sum."""
    covered = np.zeros(table.shape[1])
    left, chosen = rows.tolist(), list[int]()
    while left and len(chosen) < limit:
        gains = np.maximum(table[left] - covered, 0).sum(1) + 1e-6 * table[left].sum(1)
        row = left.pop(int(gains.argmax()))
        covered = np.maximum(covered, table[row])
        chosen.append(row)
    return chosen
