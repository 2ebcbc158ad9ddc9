"""Takes a sentence apart into the single things it asks for, without its courtesies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.offline import english
from agent.offline.commands import ENDINGS, OPENINGS, PRAISE, VERBS, Verb
from agent.offline.counts import number
from agent.offline.draft import Draft
from agent.offline.phrases import Thing
from agent.offline.reading import Reader
from agent.offline.tokens import Token, keys
from agent.offline.value_words import Values
from agent.offline.values import Named

LONGEST = 6
"""Words of a courtesy or a verb."""
JOINING = english.words("and then but also while yet plus & so")
SIGNS = frozenset(",.;!?:-–—…\n")


@dataclass(frozen=True)
class Clause:
    words: tuple[Token, ...]
    joined: bool = False
    """Whether it goes on from what was said before: 'and a star'."""


def bare(words: Sequence[Token]) -> tuple[Token, ...]:
    """Without courtesies and signs at both ends, as long as anything is left."""
    words = tuple(words)
    while words:
        size = _opening(words)
        if not size or size >= len(words):
            break
        words = words[size:]
    while words:
        size = _ending(words)
        if not size or size >= len(words):
            break
        words = words[:-size]
    return words


def _opening(words: Sequence[Token]) -> int:
    if words[0].text in SIGNS - {"-"}:
        return 1
    said = keys(words[:LONGEST])
    if said[0] in ("no", "nah", "nope") and len(words) > 1 and words[1].text in SIGNS:
        return 2
    for size in range(len(said), 0, -1):
        phrase = " ".join(said[:size])
        if phrase in OPENINGS | PRAISE and (phrase not in PRAISE | {"too much"} or _apart(words, size)):
            return size
    return 0


def _apart(words: Sequence[Token], at: int) -> bool:
    """Whether a word of praise stands for itself rather than describing what follows."""
    following = words[at] if at < len(words) else None
    return (
        following is None
        or following.text in SIGNS
        or following.key in JOINING | {"now", "please", "can", "could", "make"}
    )


def _ending(words: Sequence[Token]) -> int:
    if words[-1].text in SIGNS:
        return 1
    said = keys(words[-LONGEST:])
    return next((size for size in range(len(said), 0, -1) if " ".join(said[-size:]) in ENDINGS), 0)


def verb(words: Sequence[Token]) -> tuple[Verb | None, int]:
    said = keys(words[:LONGEST])
    for size in range(len(said), 0, -1):
        if found := VERBS.get(" ".join(said[:size])):
            return found, size
    return None, 0


def clauses(words: Sequence[Token], text: str, draft: Draft) -> list[Clause]:
    """Cut where a new thing is asked for; 'a moon and a star' is one."""
    cuts = [0]
    at = 0
    while at < len(words):
        end = at
        while end < len(words) and (words[end].text in SIGNS - {":"} or words[end].key in JOINING):
            end += 1
        colours = draft.world.colours
        pair = (
            end < len(words) and words[at - 1].key in colours and words[end].key in colours and words[at].key == "and"
        )
        contrast = pair or words[cuts[-1]].key == "not" or (end < len(words) and words[end].key == "not")
        if words[at].key == "except" and verb(bare(words[cuts[-1] : at]))[0] == "make":
            cuts.append(at)
        joint = end > at > cuts[-1] and end < len(words) and not contrast
        if joint and (
            _begins(bare(words[end:]), text, draft)
            or (_is_new(words[end:]) and _described(words[cuts[-1] : at], draft))
        ):
            cuts.append(at)
        at = max(end, at + 1)
    parts = [words[start:end] for start, end in zip(cuts, [*cuts[1:], len(words)], strict=True)]
    made = [Clause(bare(part), part[0].key in ("and", "plus", "also", "&")) for part in parts]
    return [clause for clause in made if (clause.words and clause.words[0].is_word) or clause.words[0].text in "(<"]


def said_once(parts: Sequence[Clause]) -> list[Clause]:
    """Without what another part says in full."""
    return [part for part in parts if not any(_says(other, part) for other in parts)]


def _says(clause: Clause, other: Clause) -> bool:
    """Whether it says all of the other and more: 'with a lantern: replace the bag with a lantern'."""
    whole, part = (f" {' '.join(keys(one.words))} " for one in (clause, other))
    return part in whole and part != whole and verb(clause.words)[0] not in (None, verb(other.words)[0])


def _described(words: Sequence[Token], draft: Draft) -> bool:
    """'gold crown', where a crown is."""
    found = Reader(tuple(words), draft.world).nominal(0, 0) if words and verb(words)[0] is None else None
    if not isinstance(found, Thing) or len(found.words) < len(words) or not found.adjectives:
        return False
    return found.head in {thing.head for thing in draft.view.things}


def _is_new(words: Sequence[Token]) -> bool:
    return words[0].key in english.ARTICLES | {"some", "another"} or number(words[0].key) is not None


def _begins(words: Sequence[Token], text: str, draft: Draft) -> bool:
    if not words:
        return False
    found, size = verb(words)
    if found and (found != "add" or words[0].key != "with" or len(words) > size):
        return True
    upto = next((at for at, word in enumerate(words) if word.text in SIGNS or word.key in JOINING), len(words))
    part = tuple(words[:upto])
    if part and part[0].key in english.DETERMINERS - {"a", "an", "another"} | {"it", "them", "both"}:
        found_things = draft.view.reference(part)
        return bool(found_things and found_things.size < len(part))
    values, left = Values(text, part, draft.world, draft.shown).read()
    named = (
        draft.view.reference(part)
        if part and verb(part)[0] is None and part[0].key not in english.DETERMINERS
        else None
    )
    if named and named.things and named.size == len(part) - 1 and part[-1].key in draft.world.colours:
        return True
    return bool(values) and not left and not any(isinstance(value, Named) for value in values)
