"""Stops asking a server that does not answer, and asks again after a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class CircuitBreaker:
    """
    After `limit` failures in a row nothing is asked for `rest` seconds; then one attempt decides.

    For one thread. `clock` tells seconds.
    """

    limit: int = 3
    rest: float = 10.0
    clock: Callable[[], float] = time.monotonic
    failures: int = 0
    asked: float = 0.0

    def wait(self) -> float:
        """Seconds until asking is worth it; 0 lets the caller ask, and makes others wait for what becomes of it."""
        if self.failures < self.limit:
            return 0.0
        left = self.asked + self.rest - self.clock()
        if left <= 0:
            self.asked = self.clock()
        return max(left, 0.0)

    def failed(self) -> None:
        self.failures += 1
        self.asked = self.clock()

    def succeeded(self) -> None:
        self.failures = 0
