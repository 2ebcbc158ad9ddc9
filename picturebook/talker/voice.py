"""How somebody asks for things: in phrasings of the lessons, or in those of the tests."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from picturebook.talker.lexicon import plural
from picturebook.talker.phrasings import patterns, phrasings
from picturebook.talker.pictures import Picture
from picturebook.talker.wishes import Wish


@dataclass(frozen=True)
class Change:
    """What is said, and what becomes of the wish and of the recipe's other `fields`.

    `only` are the things whose looks alone change, none where more does.
    """

    say: str
    wish: Wish
    fields: Mapping[str, Any] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    order: bool = True
    """Whether it is said as an order, which can stand beside another."""


@dataclass(frozen=True)
class Voice:
    """Says things with phrasings of the lessons, or of the tests."""

    rng: random.Random
    test: bool

    def words(self, act: str, **slots: str) -> tuple[str, bool]:
        """How somebody asks for it, and whether as an order."""
        orders, others = (
            phrasings(table.get(act, ()), self.test) for table in (patterns("orders"), patterns("sentences"))
        )
        ways = [(way, True) for way in orders for _ in (0, 1)] + [(way, False) for way in others]
        chosen, order = self.rng.choice(ways)
        phrase = self.rng.choice(chosen)
        return (phrase.format(**slots), order) if _fillable(phrase, slots) else self.words(act, **slots)

    def one_of(self, ways: tuple[str, ...], **slots: str) -> str:
        """One of them filled in, or nothing where all are kept for the other side."""
        mine = phrasings(ways, self.test)
        return self.rng.choice(self.rng.choice(mine)).format(**slots) if mine else ""

    def called(self, wish: Wish, at: int) -> str:
        """One of the names by which just this thing can be meant."""
        thing = wish.things[at]
        noun = plural(thing.noun) if thing.count else thing.noun
        names = [noun, noun, " ".join(filter(None, (thing.colour, noun))), thing.called]
        return self.rng.choice(names)


def _fillable(phrase: str, slots: Mapping[str, str]) -> bool:
    return all(f"{{{name}}}" not in phrase or value for name, value in slots.items())


Maker = Callable[[Voice, Picture, Wish], Change | None]
"""Makes a change to a picture whose prompt says the wish by now, or none where it would make no sense."""
