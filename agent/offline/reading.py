"""Reads a prompt into its phrases, left to right; what the lexicon does not know is still a phrase."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from agent.offline import english, things
from agent.offline.counts import LOOSE, number
from agent.offline.lexicon import Lexicon
from agent.offline.phrases import Phrase, Setting, Style, Tag, Thing
from agent.offline.tokens import Token, key_at, keys, longest, tokens

SMALL = english.PREPOSITIONS | english.CONJUNCTIONS | english.VERBS
PLACING = english.words("in on at under by inside near during underneath")
UNPLACED = english.words("style colour hair") | english.words(things.WORN)
"""What one may be 'in' without being there."""
ROOMS = english.words(things.OUTSIDE) | english.words(
    "church castle house palace tower tent ship shop school car_park museum"
)
NO_VERBS = english.words(
    "lighting painting drawing building ceiling clothing string ring king wing evening morning spring "
    "wedding earring rendering engraving etching"
)


def read(prompt: str, world: Lexicon) -> tuple[Phrase, ...]:
    return tuple(phrase for run in runs(tokens(prompt)) for phrase in Reader(run, world).phrases())


def runs(found: Sequence[Token]) -> Iterator[tuple[Token, ...]]:
    """Words with no sign between them; the number of a weight is no word."""
    run: list[Token] = []
    sign = ""
    for token in (*found, Token(",", 0, 0)):
        if token.is_word and not (sign == ":" and not run):
            run.append(token)
        elif run:
            yield tuple(run)
            run = []
        sign = token.text


def is_determiner(word: Token) -> bool:
    return word.key in english.DETERMINERS or number(word.key) is not None or word.key in LOOSE


@dataclass(frozen=True)
class Reader:
    """One run of words."""

    words: tuple[Token, ...]
    world: Lexicon

    def phrases(self) -> list[Phrase]:
        at = lead = 0
        found: list[Phrase] = []
        while at < len(self.words):
            last = found[-1] if found else None
            if isinstance(last, Thing) and lead == at and (size := self.side(at)):
                found[-1] = replace(last, rest=self.words[at : at + size])
                at = lead = at + size
            elif phrase := self.setting(at) or self.style(at, lead) or self.nominal(at, lead):
                found.append(replace(phrase, lead=self.words[lead:at]))
                at = lead = at + len(phrase.words)
            else:
                at += self.relation(at) or 1
        return found

    def key(self, at: int) -> str:
        return key_at(self.words, at)

    def side(self, at: int) -> int:
        """'on the left', 'in the middle' and how many words that is; 0 before 'of', for then it is a relation."""
        size = self._side(at)
        return 0 if self.key(at + size) == "of" else size

    def relation(self, at: int) -> int:
        """'to the left of', 'in front of'."""
        if self.key(at) == "in" and self.key(at + 1) == "front" and self.key(at + 2) == "of":
            return 3
        size = self._side(at)
        return size + 1 if size and self.key(at + size) == "of" else 0

    def _side(self, at: int) -> int:
        if self.key(at) not in ("on", "at", "in", "to"):
            return 0
        size = 2 if self.key(at + 1) in ("the", "its", "far") else 1
        if self.key(at + size) not in english.SIDES:
            return 0
        more = self.key(at + size + 1) in ("side", "corner", "half")
        return size + 1 + more

    def setting(self, at: int) -> Setting | None:
        """'in a dark forest', 'at night'; without a preposition only where it is all there is between two signs."""
        start = at + (self.key(at) in PLACING)
        noun = self._past_looks[start]
        size = longest(self.words, noun, self.world.setting_names)
        end = noun + size
        if size and self._ends(end) and (start > at or self.key(at) in ("underwater", "indoors", "outdoors")):
            return Setting((), self.words[at:end], " ".join(keys(self.words[noun:end])))
        if size and at == noun == 0 and end == len(self.words):
            return Setting((), self.words, " ".join(keys(self.words)))
        return self._unknown_place(at) if start > at else None

    def _unknown_place(self, at: int) -> Setting | None:
        """'in a bakery': somewhere, though the lexicon does not know it."""
        if self.key(at) not in ("in", "at", "inside") or self._side(at):
            return None
        thing = self.nominal(at + 1, at)
        wearing = (
            thing is None
            or thing.words[-1].key in UNPLACED
            or (
                thing.words[-1].key not in self.world.settings
                and self.world.is_thing(thing.words[-1].key)
                and thing.words[-1].key not in ROOMS
            )
            or (isinstance(thing, Thing) and self._has_colour(thing))
        )
        if thing is None or wearing or longest(self.words, at + 1, self.world.styles):
            return None
        return Setting((), (self.words[at], *thing.words))

    def style(self, at: int, lead: int) -> Style | None:
        """'watercolour style', 'as a pencil drawing', 'oil painting of'."""
        start = at + (self.key(at) in ("in", "as"))
        start += start > at and self.key(start) in ("a", "an", "the")
        if self.key(start) == "style" and self.key(start + 1) == "of":
            return Style((), self.words[at:], " ".join(keys(self.words[start + 2 :])))
        if not (size := longest(self.words, start, self.world.styles)):
            return None
        end = start + size
        while self.key(end) in ("style", "styled", *english.MEDIA):
            end += 1
        alone = start > at or (at == lead and (at == 0 or self.key(end - 1) == "style"))
        if not alone or not (end == len(self.words) or self.key(end) in ("of", "and")):
            return None
        return Style((), self.words[at:end], " ".join(keys(self.words[start : start + size])))

    def nominal(self, at: int, lead: int) -> Thing | Tag | None:
        if 0 < at == lead and self._happens(at):
            return None
        first = self._past_determiners[at]
        end = self._noun_end(first, first > at or at == lead)
        if end == first:
            return None
        split = min(self._past_describing[first], end - 1, self._name_start(first, end))
        inside, noun = self.words[first:split], self.words[split:end]
        thing = Thing((), self.words[at:end], self.words[at:first], inside, noun)
        if thing.head in english.MEDIA or not self._is_thing(thing, at > 0):
            return Tag((), thing.words)
        return thing

    def _name_start(self, first: int, end: int) -> int:
        """Where the name begins that several words are: a 'hot air balloon' is no hot balloon."""
        names = (place for place in range(max(first, end - 4), end - 1))
        known = (place for place in names if self.world.is_thing(" ".join(keys(self.words[place:end]))))
        return next(known, end - 1)

    def _is_thing(self, thing: Thing, led: bool) -> bool:
        said = bool(led or thing.determiners or self._has_colour(thing))
        return said or self.world.is_thing(thing.noun[-1].key) or self.world.is_thing(thing.name)

    def _has_colour(self, thing: Thing) -> bool:
        return any(word.key in self.world.colours for word in thing.adjectives)

    def _noun_end(self, at: int, fresh: bool) -> int:
        adjectival = self.key(at) in english.VERBS and fresh and not self._ends(at + 1)
        if at == len(self.words) or (self.key(at) in SMALL and not adjectival):
            return at
        return self._past_noun[at + 1]

    def _past(self, passes: Callable[[int], bool]) -> tuple[int, ...]:
        """For each place and the end, the first from there on that does not pass: a long run is walked once only."""
        found = [len(self.words)]
        for at in reversed(range(len(self.words))):
            found.append(found[-1] if passes(at) else at)
        return tuple(reversed(found))

    @cached_property
    def _past_determiners(self) -> tuple[int, ...]:
        return self._past(lambda at: is_determiner(self.words[at]))

    @cached_property
    def _past_looks(self) -> tuple[int, ...]:
        adjectives = self.world.adjectives
        return self._past(
            lambda at: self.key(at) in english.DETERMINERS or self.key(at) in adjectives or self._coloured(at)
        )

    @cached_property
    def _past_describing(self) -> tuple[int, ...]:
        return self._past(self._describes)

    @cached_property
    def _past_noun(self) -> tuple[int, ...]:
        return self._past(self._goes_on)

    def _goes_on(self, at: int) -> bool:
        """Whether the word belongs to a name that began before it."""
        joined = self.key(at) == "and" and self._coloured(at - 1) and self._coloured(at + 1)
        verb = self._happens(at) and not self._describes(at - 1)
        return (self.key(at) not in SMALL or joined) and not verb and not is_determiner(self.words[at])

    def _happens(self, at: int) -> bool:
        """'serving', right after who serves."""
        key = self.key(at)
        return key.endswith("ing") and len(key) > 5 and key not in NO_VERBS and not self.world.is_thing(key)

    def _ends(self, at: int) -> bool:
        key = self.key(at)
        return not key or key in SMALL or key in english.DETERMINERS

    def _coloured(self, at: int) -> bool:
        return self.key(at) in self.world.colours

    def _describes(self, at: int) -> bool:
        key = self.key(at)
        known = (
            key in self.world.colours
            or key in self.world.adjectives
            or key in english.SHADES
            or key in english.COMPARED
        )
        return (
            known
            or key in english.VERBS
            or (key in english.TINTS and self._coloured(at + 1))
            or key in ("very", "and", "really", "extremely")
            or key.endswith("-coloured")
        )
