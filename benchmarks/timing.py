"""CPU time of one thread: what a busy machine does not change."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from benchmarks.results import Better, Row

T = TypeVar("T")


def milliseconds(
    act: Callable[[T], object], inputs: Iterable[T], clock: Callable[[], float] = time.process_time
) -> list[float]:
    """What the act takes for each input, by the process's CPU clock unless another is given."""
    taken: list[float] = []
    for one in inputs:
        started = clock()
        act(one)
        taken.append(1000 * (clock() - started))
    return taken


def at(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(
    id: str,
    what: str,
    values: Sequence[float],
    unit: str,
    target: float | None,
    better: Better = "lower",
    note: str = "",
) -> Row:
    """A median with the 95 % interval that the order of the values gives, whatever their distribution."""
    half = 0.98 / len(values) ** 0.5
    low, high = at(values, max(0.0, 0.5 - half)), at(values, min(1.0, 0.5 + half))
    return Row(id, what, statistics.median(values), low, high, unit, better, target, note or f"n = {len(values)}")
