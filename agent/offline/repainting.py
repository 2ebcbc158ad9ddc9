"""Which things alone a change of a prompt paints anew: those that look another way, where all else is as it was."""

from __future__ import annotations

from itertools import zip_longest

from agent.offline.lexicon import Lexicon
from agent.offline.phrases import Phrase, Thing
from agent.offline.reading import read
from agent.offline.tokens import keys


def repainted(before: str, after: str, world: Lexicon) -> tuple[str, ...]:
    """The things by what they were called before, such as 'red house'; none where more than their looks changed."""
    pairs = list(zip_longest(read(before, world), read(after, world)))
    changed = [(old, new) for old, new in pairs if old is None or new is None or said(old) != said(new)]
    things = [old for old, new in changed if isinstance(old, Thing) and isinstance(new, Thing) and still(old, new)]
    return tuple(" ".join(keys((*old.adjectives, *old.noun))) for old in things) if len(things) == len(changed) else ()


def said(phrase: Phrase) -> tuple[str, ...]:
    rest = phrase.rest if isinstance(phrase, Thing) else ()
    return keys((*phrase.lead, *phrase.words, *rest))


def still(old: Thing, new: Thing) -> bool:
    """The same kind, number and place."""
    one, other = ((thing.name, thing.count, keys(thing.lead), keys(thing.rest)) for thing in (old, new))
    return one == other
