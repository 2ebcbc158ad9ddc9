"""A prompt's phrases: the things, settings, styles and tags in it, each knowing its words' places in the text."""

from __future__ import annotations

from dataclasses import dataclass

from agent.offline.counts import LOOSE, number
from agent.offline.tokens import Token, keys
from tools.nouns import one


@dataclass(frozen=True)
class Phrase:
    """`lead` are the small words that tie it to what stands before: 'and', 'with', 'to the left of'."""

    lead: tuple[Token, ...]
    words: tuple[Token, ...]

    @property
    def start(self) -> int:
        return self.words[0].start

    @property
    def end(self) -> int:
        return self.words[-1].end

    @property
    def key(self) -> str:
        return " ".join(keys(self.words))


@dataclass(frozen=True)
class Thing(Phrase):
    """`rest` says where in the picture: 'on the left'."""

    determiners: tuple[Token, ...]
    adjectives: tuple[Token, ...]
    noun: tuple[Token, ...]
    rest: tuple[Token, ...] = ()

    @property
    def end(self) -> int:
        return (self.rest or self.words)[-1].end

    @property
    def name(self) -> str:
        """The noun in the singular."""
        return one(" ".join(keys(self.noun)))

    @property
    def head(self) -> str:
        return one(self.noun[-1].key)

    @property
    def count(self) -> int | None:
        """None where the words leave it open."""
        for word in self.determiners:
            if (said := number(word.key) or LOOSE.get(word.key)) is not None:
                return said
        return 1 if set(keys(self.determiners)) & {"a", "an", "another"} else None


@dataclass(frozen=True)
class Setting(Phrase):
    """A place, a time or a weather; `name` is the lexicon's, or empty where the lexicon knows it not."""

    name: str = ""


@dataclass(frozen=True)
class Style(Phrase):
    name: str = ""


@dataclass(frozen=True)
class Tag(Phrase):
    """Anything else between two commas."""
