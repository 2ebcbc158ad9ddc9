"""What a thing or a picture may be told to be: a colour, a look, a place, a style, a number, another thing."""

from __future__ import annotations

from dataclasses import dataclass

from agent.offline.options import Option
from agent.offline.phrases import Thing


@dataclass(frozen=True)
class Colour:
    words: str


@dataclass(frozen=True)
class Look:
    """An adjective; `shade` if it changes a colour."""

    word: str
    shade: bool = False


@dataclass(frozen=True)
class Place:
    """`instead`: also of a time of day where there was a place, and the other way round."""

    words: str
    instead: bool = False


@dataclass(frozen=True)
class Manner:
    """A style."""

    words: str


@dataclass(frozen=True)
class Amount:
    count: int


@dataclass(frozen=True)
class Named:
    """Another thing, or the same with other words: `text` is all that was said, to its end."""

    text: str
    thing: Thing


@dataclass(frozen=True)
class Better:
    """Nothing that could be drawn on purpose: 'nicer', 'different'."""


Value = Colour | Look | Place | Manner | Amount | Named | Better | Option
