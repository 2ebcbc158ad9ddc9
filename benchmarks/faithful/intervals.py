"""95 % intervals by resampling the prompts of each suite (Efron & Tibshirani 1993), and what a judge's error hides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 9999
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    value: float
    low: float
    high: float

    @property
    def holds_nothing(self) -> bool:
        """Whether there may be no difference at all."""
        return self.low <= 0 <= self.high


def mean_of_means(groups: Sequence[Sequence[float]]) -> Interval:
    """Every suite counts the same. Differences of pairs make it the paired interval of a gain."""
    return _resampled([np.asarray(group, float) for group in groups], _mean_of_means)


def ratio(above: Sequence[float], below: Sequence[float]) -> Interval:
    """Of two means over the same prompts, resampled together."""
    pairs = np.stack([np.asarray(above, float), np.asarray(below, float)])
    places = np.arange(pairs.shape[1])

    def statistic(picked: Values, axis: int) -> Values:  # the last, always
        sums = pairs[:, picked.astype(int)].sum(axis=axis)
        return np.divide(sums[0], sums[1], out=np.ones_like(sums[0]), where=sums[1] != 0)

    return _resampled([places], statistic)


def corrected(suites: Sequence[tuple[Sequence[float], Sequence[bool], Sequence[bool]]]) -> Interval:
    """
    The mean over suites of rates behind a judge's error (Rogan & Gladen 1978).

    For each suite what the judge says of its pictures, of drawings that are right, and of drawings that are wrong: 1
    where it takes one for right. Its error is taken to be the same on pictures.
    """

    def statistic(*groups: Values, axis: int) -> Values:
        return np.mean([_rogan_gladen(*groups[at : at + 3], axis=axis) for at in range(0, len(groups), 3)], axis=0)

    return _resampled([np.asarray(some, float) for three in suites for some in three], statistic)


def _mean_of_means(*groups: Values, axis: int) -> Values:
    return np.mean([group.mean(axis=axis) for group in groups], axis=0)


def _rogan_gladen(hits: Values, right_seen: Values, wrong_seen: Values, axis: int) -> Values:
    raw, seen, mistaken = (some.mean(axis=axis) for some in (hits, right_seen, wrong_seen))
    return np.clip((raw - mistaken) / np.maximum(seen - mistaken, 1e-9), 0, 1)


def _resampled(groups: Sequence[Values], statistic: Any) -> Interval:
    from scipy.stats import bootstrap

    value = float(statistic(*groups, axis=-1))
    if min(map(len, groups)) < 2:
        return Interval(value, value, value)
    found = bootstrap(
        groups, statistic, n_resamples=RESAMPLES, vectorized=True, method="percentile", rng=np.random.default_rng(0),
        batch=500,
    ).confidence_interval  # fmt: skip
    return Interval(value, float(found.low), float(found.high))
