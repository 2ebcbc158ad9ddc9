"""The words of the world that pictures are of: a general default, extended by what a knowledge base holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from agent.offline import english
from agent.offline.tokens import key_of
from tools.nouns import many, one

EVERYDAY_SETTINGS = {
    **dict.fromkeys(english.PLACES, "place"),
    **dict.fromkeys(english.TIMES, "time"),
    **dict.fromkeys(english.WEATHERS, "weather"),
}
LONG = 6
"""Letters."""
EVERYDAY_ADJECTIVES = {word: group for group, words in english.ADJECTIVES.items() for word in words.split()}


@dataclass(frozen=True)
class Lexicon:
    """
    Names are keys (lower case, British, single spaces), things in the singular.

    `settings` says how each place, time and weather is written in a prompt, `groups` which of them exclude each other.
    """

    things: frozenset[str] = english.THINGS | english.MANY_THINGS
    colours: frozenset[str] = english.COLOURS
    settings: Mapping[str, str] = field(default_factory=lambda: {**english.PLACES, **english.TIMES, **english.WEATHERS})
    groups: Mapping[str, str] = field(default_factory=lambda: dict(EVERYDAY_SETTINGS))
    styles: frozenset[str] = english.STYLES
    adjectives: Mapping[str, str] = field(default_factory=lambda: dict(EVERYDAY_ADJECTIVES))

    def extended(
        self,
        things: Iterable[str] = (),
        colours: Iterable[str] = (),
        settings: Mapping[str, str] | None = None,
        styles: Iterable[str] = (),
    ) -> Lexicon:
        """With more names, as people write them; `settings` are nouns and how they stand in a prompt."""
        more = {key_of(name): phrase for name, phrase in (settings or {}).items()}
        return replace(
            self,
            things=self.things | {one(key_of(name)) for name in things},
            colours=self.colours | {key_of(name) for name in colours},
            settings={**self.settings, **more},
            groups={**dict.fromkeys(more, "place"), **self.groups},
            styles=self.styles | {key_of(name) for name in styles},
        )

    def is_thing(self, key: str) -> bool:
        return key in self.things or one(key) in self.things

    @cached_property
    def setting_names(self) -> frozenset[str]:
        return frozenset(self.settings)

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """
        Every single word of the world's names, in both numbers: what a misspelt word may have meant.

        Of the great many everyday nouns only the long ones: the short are too near to other English words.
        """
        nouns = frozenset(noun for noun in self.things if len(noun) >= LONG or noun not in english.MANY_THINGS)
        names = (*nouns, *map(many, nouns), *self.colours, *self.settings, *self.styles, *self.adjectives)
        return frozenset(word for name in names for word in name.split())
