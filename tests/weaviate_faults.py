"""What can be made to go wrong with the stand-in for a Weaviate server."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import grpc

LONGEST = 30
"""Seconds after which a stalled call ends even if nobody lets it go."""


@dataclass
class Faults:
    """
    What shall go wrong. A call is named `Search`, `BatchObjects` and so on, or `GET /v1/meta`.

    The next calls that are `failing` fail, after so many as are `passing`; those `stalled` do not answer until
    `released`, and the first of them sets `met`; of the next batch, the objects at the places `refused` are.
    """

    failing: list[tuple[str, grpc.StatusCode, str]] = field(default_factory=list)
    stalled: set[str] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)
    passing: dict[str, int] = field(default_factory=dict)
    released: threading.Event = field(default_factory=threading.Event)
    met: threading.Event = field(default_factory=threading.Event)

    def meet(self, *names: str) -> tuple[grpc.StatusCode, str] | None:
        """Waits if one of the names is stalled, and says how the call shall fail."""
        if not self.stalled.isdisjoint(names):
            self.met.set()
            self.released.wait(LONGEST)
        for name in names:
            if self.passing.get(name):
                self.passing[name] -= 1
                return None
        for order in self.failing:
            if order[0] in names:
                self.failing.remove(order)
                return order[1:]
        return None
