"""Which things of a prompt a phrase means: by name, by colour, by side, or as 'it', 'both', 'the other one'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from agent.offline import english
from agent.offline.commands import ALL, PRONOUNS, WHOLE
from agent.offline.counts import LOOSE, number
from agent.offline.kinds import KINDS
from agent.offline.lexicon import Lexicon
from agent.offline.phrases import Phrase, Setting, Tag, Thing
from agent.offline.reading import read
from agent.offline.tokens import Token, key_at, keys
from tools.nouns import one

Kind = Literal["background", "picture", "style", "things"]
BACKGROUND = english.words("background backdrop surroundings setting scenery place location season weather time")
DETERMINERS = 5
"""As many of them may stand before a name: 'all of those three'."""
TIED = english.words("on in under at behind beneath inside over wearing holding of with carrying riding near from")
"""What ties a thing to another, of which it is then no equal."""


@dataclass(frozen=True)
class Reference:
    """What `size` words mean; no things where the prompt has none of that name."""

    kind: Kind
    size: int
    things: tuple[Thing, ...] = ()


@dataclass(frozen=True)
class View:
    """A prompt as it is looked at: `focus` is what was spoken of last, `kept` what 'it' cannot mean."""

    prompt: str
    world: Lexicon
    focus: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()

    @cached_property
    def phrases(self) -> tuple[Phrase, ...]:
        return read(self.prompt, self.world)

    @cached_property
    def things(self) -> tuple[Thing, ...]:
        return tuple(phrase for phrase in self.phrases if isinstance(phrase, Thing))

    @cached_property
    def tags(self) -> tuple[Thing, ...]:
        """Tags read as things: they can be told of by name, though 'it' never means them."""
        found = (
            phrase for phrase in self.phrases if isinstance(phrase, Tag) and phrase.words[-1].key not in english.MEDIA
        )
        return tuple(Thing(tag.lead, tag.words, (), (), tag.words) for tag in found)

    @property
    def free(self) -> tuple[Thing, ...]:
        return tuple(thing for thing in self.things if thing.head not in self.kept) or self.things

    @property
    def main(self) -> tuple[Thing, ...]:
        """What 'both' and 'them' mean: not what something is on, in or wearing, unless there is nothing else."""
        found = tuple(
            thing
            for thing in self.free
            if not (thing.lead and (thing.lead[-1].key in TIED or thing.lead[-1].key.endswith("ing")))
        )
        return found if len(found) > 1 or any((thing.count or 1) > 1 for thing in found) else self.free

    @property
    def it(self) -> tuple[Thing, ...]:
        """The thing spoken of last, or what the prompt names first."""
        spoken = [thing for thing in self.free if thing.head in self.focus]
        return tuple(spoken[-1:]) or self.free[:1]

    @property
    def others(self) -> tuple[Thing, ...]:
        return tuple(thing for thing in self.things if thing not in self.it)

    def reference(self, words: Sequence[Token], at: int = 0) -> Reference | None:
        if keys(words[at : at + 3]) in (("the", "colour", "of"), ("the", "size", "of"), ("the", "number", "of")):
            found = self.reference(words, at + 3)
            return Reference(found.kind, found.size + 3, found.things) if found else None
        return (
            self._whole(words, at) or self._named(words, at) or self._described(words, at) or self._pronoun(words, at)
        )

    def _whole(self, words: Sequence[Token], at: int) -> Reference | None:
        start = _after_determiners(words, at)
        key, after = key_at(words, start), key_at(words, start + 1)
        if key == "style" and start > at:
            return Reference("style", start + 1 - at)
        if key in BACKGROUND and not any(thing.head == key for thing in self.things):
            return Reference("background", start + 1 - at)
        if key == "whole" and after in WHOLE:
            return Reference("picture", start + 2 - at)
        named = key in WHOLE and key not in ("thing", "everything")
        return Reference("picture", start + 1 - at) if named and start > at and after != "of" else None

    def _named(self, words: Sequence[Token], at: int) -> Reference | None:
        """'the blue house on the left': adjectives choose among things of one name."""
        start = _after_determiners(words, at)
        for end in range(start + 1, min(start + 5, len(words)) + 1):
            head, between = words[end - 1], words[start : end - 1]
            name = one(head.key.removesuffix("'s"))
            found = [thing for thing in self.things if name == thing.head] or [
                tag for tag in self.tags if name == tag.head
            ]
            found = (
                found
                or self._of_kind(name)
                or [thing for thing in self.things if len(name) > 2 and thing.head.endswith(name)]
            )
            found = [thing for thing in found if all(self._may_describe(word.key, thing) for word in between)]
            if found:
                exact = [thing for thing in found if set(keys(between)) <= set(keys(thing.words))]
                size, chosen = self._on_side(words, end, exact or found)
                size += head.key.endswith("'s") and end < len(words)
                return Reference("things", end + size - at, tuple(chosen))
            if head.key in english.CONJUNCTIONS or not head.is_word:
                break
        return None

    def _of_kind(self, name: str) -> list[Thing]:
        """'the animal' where the only animal is a hen."""
        kind = KINDS.get(name, frozenset())
        found = [thing for thing in self.things if thing.head in kind]
        return found if len({thing.head for thing in found}) == 1 else []

    def _may_describe(self, key: str, thing: Thing) -> bool:
        known = key in self.world.colours or key in self.world.adjectives or key in english.SHADES
        return known or key in keys(thing.words)

    def _described(self, words: Sequence[Token], at: int) -> Reference | None:
        """'the left one', 'the red one', 'the one on the left', 'the other one'."""
        if key_at(words, at) != "the":
            return None
        first, second = key_at(words, at + 1), key_at(words, at + 2)
        if first == "other":
            size = 2 + (second in ("one", "ones", "thing"))
            return Reference("things", size, self.others)
        if first in ("one", "ones", "thing"):
            size, chosen = self._on_side(words, at + 2, self.things)
            return Reference("things", 2 + size, tuple(chosen)) if size else None
        if second not in ("one", "ones", "thing"):
            return None
        if first in ("left", "right"):
            return Reference("things", 3, (self._side(self.things, first),) if self.things else ())
        found = tuple(thing for thing in self.things if first in keys(thing.words))
        return Reference("things", 3, found) if found else None

    def _on_side(self, words: Sequence[Token], at: int, things: Sequence[Thing]) -> tuple[int, Sequence[Thing]]:
        said = keys(words[at : at + 3])
        if said[:2] in (("on", "the"), ("to", "the"), ("at", "the")) and said[2:] in (("left",), ("right",)):
            return 3, (self._side(things, said[2]),) if len(things) > 1 else things
        return 0, things

    def _side(self, things: Sequence[Thing], side: str) -> Thing:
        """By what the prompt says of its place, else by the order: left is first, except after 'to the right of'."""
        for thing in things:
            if side in keys(thing.rest):
                return thing
        turned = any("right" in keys(thing.lead) for thing in self.things)
        things = [thing for thing in things if thing in self.main] or things
        return things[0] if (side == "left") != turned else things[-1]

    def _pronoun(self, words: Sequence[Token], at: int) -> Reference | None:
        key, after, third = key_at(words, at), key_at(words, at + 1), key_at(words, at + 2)
        if key == "the" and after in ("two", "three", "four", "whole") and third in ("of", "things", "sides"):
            return Reference("things", 3 + (third == "of"), self.main)
        if (key == "all" and after in ("of", "the")) or (key == "both" and after in ("of", "them")):
            size = 3 if (after, third) == ("of", "them") else 2
            return Reference("things", size, self.main)
        if key in ("them", "they", "these", "those") and after in ("both", "all"):
            return Reference("things", 2, self.main)
        if key in ALL:
            return Reference("things", 1, self.free if key in ("all", "everything") else self.main)
        if key in PRONOUNS - {"one"}:
            return Reference("things", 1 + (after == "one" and key in ("this", "that")), tuple(self.it))
        return None

    def settings(self) -> tuple[Setting, ...]:
        return tuple(phrase for phrase in self.phrases if isinstance(phrase, Setting))


def names_things(words: Sequence[Token], found: Reference | None) -> bool:
    """Whether the words begin with a name of things: 'it' may be the picture as well."""
    return found is not None and bool(found.things) and words[found.size - 1].key not in PRONOUNS


def _after_determiners(words: Sequence[Token], at: int) -> int:
    last = at + DETERMINERS
    while at < last and (
        key_at(words, at) in english.DETERMINERS - {"a", "an", "another"}
        or (at and _counts(key_at(words, at)) and key_at(words, at - 1) in ("the", "all", "of"))
    ):
        at += 1
    return at


def _counts(key: str) -> bool:
    return bool(number(key)) or key in LOOSE
