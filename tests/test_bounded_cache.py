"""The cache of the engine keeps what was used last, within its bytes, and says how often it was of use."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tools.engine.bounded_cache import BoundedCache

Array = NDArray[np.uint8]


def _array(size: int) -> Callable[[], Array]:
    return lambda: np.zeros(size, np.uint8)


def test_what_was_made_is_not_made_again() -> None:
    cache = BoundedCache[Array](100)
    assert cache.hit_rate == 0
    first = cache.of("a", _array(10))
    assert cache.of("a", _array(10)) is first
    assert cache.of("b", _array(10)) is not first
    assert (cache.hits, cache.misses, cache.nbytes, cache.hit_rate) == (1, 2, 20, 1 / 3)


def test_the_least_recently_used_goes_when_the_bytes_are_full() -> None:
    cache = BoundedCache[Array](100)
    kept, gone = cache.of("kept", _array(40)), cache.of("gone", _array(40))
    cache.of("kept", _array(40))
    cache.of("new", _array(40))
    assert cache.nbytes == 80
    assert cache.of("kept", _array(40)) is kept
    assert cache.of("gone", _array(40)) is not gone


def test_one_larger_than_the_cache_is_given_and_not_kept() -> None:
    cache = BoundedCache[Array](100)
    kept = cache.of("kept", _array(100))
    assert len(cache.of("large", _array(101))) == 101
    assert cache.of("kept", _array(100)) is kept
    assert cache.nbytes == 100
