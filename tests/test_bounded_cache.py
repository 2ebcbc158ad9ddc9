"""The cache of the engine keeps what was used last, within its bytes, and says how often it was of use."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tools.engine.bounded_cache import BoundedCache, hit_rates

Array = NDArray[np.uint8]


def _array(size: int) -> Callable[[], Array]:
    return lambda: np.zeros(size, np.uint8)


def test_what_was_made_is_not_made_again() -> None:
    cache = BoundedCache[Array](100)
    first = cache.of("a", _array(10))
    assert cache.of("a", _array(10)) is first
    assert cache.of("b", _array(10)) is not first
    assert (cache.hits, cache.misses, cache.nbytes) == (1, 2, 20)


def test_caches_of_one_name_share_their_hit_rate_and_one_never_asked_has_none() -> None:
    one, other, idle = BoundedCache[Array](100), BoundedCache[Array](100), BoundedCache[Array](100)
    for cache, times in ((one, 2), (other, 1)):
        for _ in range(times):
            cache.of("a", _array(10))
    assert hit_rates([("arrays", one), ("arrays", other), ("idle", idle)]) == {"arrays": 1 / 3}


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
