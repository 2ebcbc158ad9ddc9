"""What was used last, within a bound of bytes, and how often it was there."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar


class Measured(Protocol):
    """A tensor, an array, or anything else that knows its size."""

    @property
    def nbytes(self) -> int: ...


Value = TypeVar("Value", bound=Measured)


def hit_rates(caches: Iterable[tuple[str, BoundedCache[Any]]]) -> dict[str, float]:
    """By name, those of one name taken together: the share of questions that found what they asked for."""
    tallies: dict[str, tuple[int, int]] = {}
    for name, cache in caches:
        hits, asked = tallies.get(name, (0, 0))
        tallies[name] = (hits + cache.hits, asked + cache.hits + cache.misses)
    return {name: hits / asked for name, (hits, asked) in tallies.items() if asked}


@dataclass(eq=False)
class BoundedCache(Generic[Value]):
    """At most `most` bytes; the least recently used goes first. For several threads."""

    most: int
    nbytes: int = field(default=0, init=False)
    hits: int = field(default=0, init=False)
    misses: int = field(default=0, init=False)
    _kept: OrderedDict[Hashable, Value] = field(default_factory=OrderedDict, init=False, repr=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def of(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """What is kept under this key, made where nothing is; one larger than the whole cache is not kept."""
        with self._turn:
            if key in self._kept:
                self.hits += 1
                self._kept.move_to_end(key)
                return self._kept[key]
            self.misses += 1
        made = make()
        with self._turn:
            self._keep(key, made)
        return made

    def clear(self) -> None:
        """Keep nothing; what is in use elsewhere lives on there."""
        with self._turn:
            self._kept.clear()
            self.nbytes = 0

    def _keep(self, key: Hashable, value: Value) -> None:
        # another thread may have made it meanwhile
        if key in self._kept or value.nbytes > self.most:
            return
        self._kept[key] = value
        self.nbytes += value.nbytes
        while self.nbytes > self.most:
            self.nbytes -= self._kept.popitem(last=False)[1].nbytes
