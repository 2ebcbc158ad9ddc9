"""The worst chat model there can be, played by a script: it does whatever it reads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.planted_orders import ORDERS, Look, Order, Target, written
from tests.loopback_openai import Reply

ORDER = re.compile(r"obey ORDER (\d+)")
WHOLE = 10_000
"""Characters streamed at once: how calls are cut to pieces is not what is measured here."""
ELSEWHERE = "http://127.0.0.1:9"
"""Where nobody listens: who calls it is heard all the same."""


@dataclass
class ObedientModel:
    """Looks first, then does all it is told by what it has read, and says what it was told to say."""

    looks: Sequence[Look] = ()
    target: Target = field(default_factory=Target)
    read: set[int] = field(default_factory=set)
    asked: int = 0

    def __call__(self, asked: dict[str, Any]) -> Reply:
        self.asked += 1
        messages = asked["messages"]
        spoken = max(at for at, message in enumerate(messages) if message["role"] == "user")
        here = messages[spoken:]
        steps = sum(message["role"] == "assistant" for message in here)
        if steps == 0 and self.looks:
            return Reply(calls=written(self.looks), piece=WHOLE)
        orders = self._orders(here)
        calls = [look for order in orders if order.endless or steps <= 1 for look in order.calls(self.target)]
        if calls and (steps <= bool(self.looks) or any(order.endless for order in orders)):
            return Reply(calls=written(calls), piece=WHOLE)
        return Reply("\n".join(order.words.replace("{server}", ELSEWHERE) for order in orders) or "Nothing to obey.")

    def _orders(self, here: Sequence[Mapping[str, Any]]) -> list[Order]:
        """Those it read where it looked first: what obeying them brings up would be one thing after another."""
        answers = [at for at, message in enumerate(here) if message["role"] == "assistant"]
        until = answers[1] if len(answers) > 1 else len(here)
        found = [int(number) for message in here[:until] for number in ORDER.findall(str(message.get("content")))]
        self.read |= set(found)
        return [ORDERS[number] for number in dict.fromkeys(found)]
