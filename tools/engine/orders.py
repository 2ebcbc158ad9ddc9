"""What is asked of the process that draws and not yet answered, and whom to suspect when that process falls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tools.engine.messages import Ask, Draw

FALLS = 3
"""How often the process may fall with one order alone in hand."""


@dataclass(eq=False)
class Order:
    """`tell` takes the news of it: steps, then what was returned or raised."""

    number: int
    what: Draw | Ask
    tell: Callable[[Any], None]
    suspect: bool = False
    falls: int = 0
    """While nothing else was in hand."""


@dataclass(eq=False)
class Orders:
    """
    All are in hand together, until the process falls: who was in hand then is tried again one by one, in the order of
    asking, before anything else. So the culprit falls alone, and an order that is harmless is never given up.
    """

    _wanted: dict[int, Order] = field(default_factory=dict)
    _in_hand: set[int] = field(default_factory=set)
    """Also what nobody wants any more, until the process has let go of it: it may be the culprit."""

    def put(self, order: Order) -> None:
        self._wanted[order.number] = order

    def due(self) -> list[Order]:
        """Those to be taken in hand now."""
        suspects = [order for order in self._wanted.values() if order.suspect]
        if suspects:
            return suspects[: not self._in_hand]
        return [order for order in self._wanted.values() if order.number not in self._in_hand]

    def take(self, order: Order) -> None:
        self._in_hand.add(order.number)

    def wanted(self, number: int) -> Order | None:
        return self._wanted.get(number)

    def forget(self, number: int) -> bool:
        """Nobody waits for it any more; whether it is in hand."""
        return self._wanted.pop(number, None) is not None and number in self._in_hand

    def ended(self, number: int) -> Order | None:
        """The process has let go of it; None where nobody wants it."""
        self._in_hand.discard(number)
        return self._wanted.pop(number, None)

    def fell(self) -> list[Order]:
        """The process is gone; those that brought it down too often, which are forgotten."""
        alone = len(self._in_hand) == 1
        suspects = [self._wanted[number] for number in self._in_hand if number in self._wanted]
        self._in_hand.clear()
        for order in suspects:
            order.suspect = True
            order.falls += alone
        return [self._wanted.pop(order.number) for order in suspects if order.falls >= FALLS]

    def clear(self) -> list[Order]:
        """The process is gone or never was; all that wait, which are forgotten."""
        left = list(self._wanted.values())
        self._wanted.clear()
        self._in_hand.clear()
        return left
