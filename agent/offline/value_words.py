"""Reads from words what a thing or a picture shall be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from agent.offline import english
from agent.offline.counts import LOOSE, number
from agent.offline.intents import Shown
from agent.offline.lexicon import Lexicon
from agent.offline.options import option
from agent.offline.phrases import Thing
from agent.offline.reading import Reader
from agent.offline.tokens import Token, key_at, keys, longest
from agent.offline.values import Amount, Better, Colour, Look, Manner, Named, Place, Value

FILLERS = english.words(
    "be to into look looks looking colour coloured the all more much very really even bit little lot way "
    "of like , ; . ! instead again become becomes becoming appear being is are with its completely "
    "entirely totally fully quite rather somewhat slightly far should would could have has so it them as "
    "well ones both back kind sort totally actually"
)
BETTER = english.words(
    "nicer better prettier different differently perfect cooler good great beautiful improved "
    "interesting right lovelier pretty awesome amazing best differ quality"
)


@dataclass(frozen=True)
class Values:
    """Reads all the values that the words say; what is none is in `left`."""

    text: str
    words: tuple[Token, ...]
    world: Lexicon
    shown: Shown

    @cached_property
    def reader(self) -> Reader:
        return Reader(self.words, self.world)

    def read(self, at: int = 0) -> tuple[list[Value], list[Token]]:
        found: list[Value] = []
        left: list[Token] = []
        while at < len(self.words):
            value, size = self._one(at)
            if value is not None:
                found.append(value)
            elif self._key(at) not in FILLERS | english.CONJUNCTIONS | english.ARTICLES | {"in", "one"}:
                left.append(self.words[at])
            at += max(size, 1)
        return found, left

    def _key(self, at: int) -> str:
        return key_at(self.words, at)

    def _one(self, at: int) -> tuple[Value | None, int]:
        if self._key(at) in ("a", "much", "way") and (size := self._degree(at)):
            return None, size
        if said := option(self.words, at, self.shown):
            return said, said.size
        for reading in (self._setting, self._manner, self._colour, self._look, self._amount, self._named):
            value, size = reading(at)
            if value is not None:
                return value, size
        return None, 1

    def _degree(self, at: int) -> int:
        """'a bit', 'a little' before a comparative."""
        size = 2 if self._key(at + 1) in ("bit", "little", "lot", "tad", "touch") else 0
        following = self._key(at + size)
        return (
            size if following in english.COMPARED or following in ("more", "less") or self._key(at + 1) == "bit" else 0
        )

    def _setting(self, at: int) -> tuple[Value | None, int]:
        if self._manner(at)[1] or (self._colour(at + 1)[1] and self._key(at) == "in"):
            return None, 0
        found = self.reader.setting(at)
        if found and (found.name or len(found.words) > 2):
            return Place(self._text(found.words), self._instead), len(found.words)
        start = at + (self._key(at) in english.DETERMINERS)
        if self._key(start) in english.HAPPENING and self._over(start + 1):
            return Place(english.HAPPENING[self._key(start)], self._instead), start + 1 - at
        named = start
        while start > at and self._key(named) in {*self.world.adjectives, *english.HAPPENING, *self.world.colours}:
            named += 1
        size = longest(self.words, named, self.world.setting_names)
        if (
            named > start
            and size
            and self._over(named + size)
            and self._key(named) in (*english.TIMES, *english.WEATHERS)
        ):
            return Place(self._text(self.words[at : named + size]), self._instead), named + size - at
        size = longest(self.words, start, self.world.setting_names)
        if size and self._over(start + size) and not (start > at and self.world.is_thing(self._key(start))):
            return Place(self._text(self.words[start : start + size]), self._instead), start + size - at
        return None, 0

    @property
    def _instead(self) -> bool:
        return self.text.lower().rstrip(" .!?").endswith(("instead", "rather"))

    def _over(self, at: int) -> bool:
        """Whether no noun follows."""
        key = self._key(at)
        return (
            not key
            or key in FILLERS | english.CONJUNCTIONS | english.PREPOSITIONS | english.DETERMINERS
            or key == "one"
        )

    def _manner(self, at: int) -> tuple[Value | None, int]:
        start = at + (self._key(at) in ("in", "as", "like", "into"))
        start += self._key(start) in ("a", "an", "the", "some")
        said = keys(self.words[start : start + 4])
        if said[:2] == ("style", "of") and len(said) > 2:
            return Manner(self._text(self.words[start + 2 :])), len(self.words) - at
        size = longest(self.words, start, self.world.styles)
        end = start + size
        while size and self._key(end) in (
            "style",
            "styled",
            "lora",
            "painting",
            "drawing",
            "picture",
            "look",
            "technique",
        ):
            end += 1
        if size and (self._over(end) or self._key(end) == "of"):
            return Manner(self._text(self.words[start : start + size])), end - at
        if "style" in said[1:4] and self._over(start + (size := said.index("style")) + 1):
            return Manner(self._text(self.words[start : start + size])), start + size + 1 - at
        return None, 0

    def _colour(self, at: int) -> tuple[Value | None, int]:
        start = at + (self._key(at) in english.ARTICLES)
        end = start
        while self._key(end) in english.SHADES and self._key(end) not in self.world.colours:
            end += 1
        if self._key(end) in english.TINTS and self._key(end + 1) in self.world.colours:
            end += 1
        first = end
        while self._key(end) in self.world.colours or (
            self._key(end) == "and" and end > first and self._key(end + 1) in self.world.colours
        ):
            end += 1
        if end > first and (self._over(end) or self._key(end) in ("for", "please")):
            return Colour(self._text(self.words[start:end]).lower()), end - at + (self._key(end) == "one")
        return None, 0

    def _look(self, at: int) -> tuple[Value | None, int]:
        start = at + (self._key(at) == "more")
        key = self._key(start)
        size = start + 1 - at
        if key in BETTER:
            return Better(), size
        if key in english.COMPARED and self._over(start + 1):
            word = english.COMPARED[key]
            return Look(word, shade=word in english.SHADES), size
        if self._over(start + 1) and (key in self.world.adjectives or (key in english.SHADES and key != "hot")):
            return Look(self.words[start].text.lower(), shade=key in english.SHADES), size
        return None, 0

    def _amount(self, at: int) -> tuple[Value | None, int]:
        count = number(self._key(at)) or LOOSE.get(self._key(at))
        over = self._over(at + 1) and self._key(at + 1) != "more"
        return (Amount(count), 1) if count and over and self._key(at) != "one" else (None, 0)

    def _named(self, at: int) -> tuple[Value | None, int]:
        found = self.reader.nominal(at, at) if self._key(at) not in FILLERS - english.DETERMINERS else None
        if not isinstance(found, Thing) or not (
            found.determiners or self.world.is_thing(found.head) or found.adjectives
        ):
            return None, 0
        if found.noun[-1].key in {"one", "ones", *english.SIDES}:
            return None, 0
        end = at + len(found.words)
        while (
            end < len(self.words)
            and self.words[end].is_word
            and self._key(end) != "instead"
            and not isinstance(self._setting(end)[0], Place)
        ):
            end += 1
        return Named(self._text(self.words[at:end]), _moved(found, -self.words[at].start)), end - at

    def _text(self, words: Sequence[Token]) -> str:
        return self.text[words[0].start : words[-1].end] if words else ""


def _moved(thing: Thing, by: int) -> Thing:
    """The same words in a text that begins with them."""

    def moved(words: Sequence[Token]) -> tuple[Token, ...]:
        return tuple(replace(word, start=word.start + by, end=word.end + by) for word in words)

    return replace(
        thing,
        words=moved(thing.words),
        determiners=moved(thing.determiners),
        adjectives=moved(thing.adjectives),
        noun=moved(thing.noun),
    )
