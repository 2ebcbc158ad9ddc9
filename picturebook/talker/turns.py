"""A turn of a talk, and who says it: both sides of a dialogue, and the ways in which they name pictures."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from picturebook.talker.lexicon import ORDINALS
from picturebook.talker.phrasings import CLOSINGS, OPENINGS
from picturebook.talker.pictures import Message, Picture, Talk
from picturebook.talker.voice import Voice


@dataclass(frozen=True)
class Turn:
    """What is said, and everything that then happens, to the assistant's last words; `talk` is how things are then."""

    say: str
    messages: tuple[Message, ...]
    talk: Talk

    @property
    def calls(self) -> list[tuple[str, Mapping[str, Any]]]:
        made = [call["function"] for message in self.messages for call in message.get("tool_calls", ())]
        return [(call["name"], call["arguments"]) for call in made]


@dataclass(frozen=True)
class Partner:
    """One dialogue's both sides; `test` takes the phrasings and triples that no lesson has."""

    rng: random.Random
    test: bool = False

    @property
    def voice(self) -> Voice:
        return Voice(self.rng, self.test)

    def polite(self, say: str, order: bool) -> str:
        if not order or self.rng.random() < 0.4:
            return say
        opening, closing = self.rng.choice(OPENINGS), self.rng.choice(CLOSINGS)
        return f"{opening}{say}{closing}"

    def id(self) -> str:
        return f"{self.rng.getrandbits(256):064x}"

    def seed(self) -> int:
        return self.rng.randrange(2**31 if self.rng.random() < 0.5 else 10_000)

    def number_of(self, number: int) -> dict[str, str]:
        """The ways to name a picture."""
        ordinal = ORDINALS[number - 1] if number <= len(ORDINALS) else ""
        named = self.rng.choice(("picture {}", "number {}", "no. {}", "#{}", "the {}th picture")).format(number)
        return {"ordinal": ordinal, "number": named.replace("1th", "1st").replace("2th", "2nd").replace("3th", "3rd")}


Act = Callable[[Partner, Talk], Turn | None]
"""Makes a turn at this point of the talk, or none where it would make no sense."""


def numbered(drawn: Sequence[Picture]) -> str:
    first, last = drawn[0].number, drawn[-1].number
    return f"is picture {first}" if first == last else f"are pictures {first} to {last}"


def ordered(names: tuple[str, ...], fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: fields[name] for name in names if name in fields}
