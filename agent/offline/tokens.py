"""Text as words, numbers and signs that know where they stand; knows nothing of what they mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

SHAPE = re.compile(r"<[^<>]*>|\d+(?:\.\d+)?(?!\w)|\w+(?:['’-]\w+)*|\S")
"""An extra-network tag, a number, a word, or any other sign."""
BRITISH = {
    "center": "centre", "color": "colour", "colored": "coloured", "colorful": "colourful", "coloring": "colouring",
    "colors": "colours", "gray": "grey", "recolor": "recolour", "watercolor": "watercolour",
    "dont": "don't", "cant": "can't", "thats": "that's", "doesnt": "doesn't", "id": "i'd", "im": "i'm",
    "youre": "you're",
}  # fmt: skip


@dataclass(frozen=True)
class Token:
    """`start` and `end` are places in the text; `key` is what it is compared by, `text` what was written."""

    text: str
    start: int
    end: int

    @cached_property
    def key(self) -> str:
        small = self.text.lower().replace("’", "'")
        return BRITISH.get(small, small)

    @property
    def is_word(self) -> bool:
        return self.text[0].isalnum()

    @property
    def number(self) -> float | None:
        return float(self.text) if self.text[0].isdecimal() and self.text.replace(".", "", 1).isdecimal() else None


def tokens(text: str) -> tuple[Token, ...]:
    return tuple(Token(match.group(), match.start(), match.end()) for match in SHAPE.finditer(text))


def keys(words: Sequence[Token]) -> tuple[str, ...]:
    return tuple(word.key for word in words)


def key_at(words: Sequence[Token], at: int) -> str:
    """That of one word; nothing where there is none."""
    return words[at].key if 0 <= at < len(words) else ""


def key_of(text: str) -> str:
    """A name as the lexicon keeps it: keys with single spaces."""
    return " ".join(keys(tokens(text)))


def written(text: str, words: Sequence[Token]) -> str:
    """What the words were in the text, with whatever stands between them."""
    return text[words[0].start : words[-1].end] if words else ""


def longest(words: Sequence[Token], at: int, names: frozenset[str] | dict[str, str], most: int = 4) -> int:
    """How many words from `at` on are the longest of the names; 0 if none is there."""
    for size in range(min(most, len(words) - at), 0, -1):
        if " ".join(word.key for word in words[at : at + size]) in names:
            return size
    return 0
