"""Adds what was asked for: as one more of what is there, beside or on a thing, or after all the others."""

from __future__ import annotations

from collections.abc import Sequence

from agent.offline import edits, english, insertion
from agent.offline.acts import become, each, give
from agent.offline.counts import number
from agent.offline.draft import Draft
from agent.offline.phrases import Thing
from agent.offline.placing import put
from agent.offline.reading import Reader
from agent.offline.targets import Reference
from agent.offline.tokens import Token, keys, written
from agent.offline.value_words import Values
from agent.offline.values import Colour, Look, Manner, Named, Place

RELATIONS = (
    "to the left of", "to the right of", "on the left of", "on the right of", "in front of", "on top of", "next to",
    "above", "over", "below", "under", "underneath", "behind", "beside", "near", "around", "inside", "between",
)  # fmt: skip
OWNING = ("onto", "on", "to", "for")
MORE = ("another", "more", "additional", "extra")


def add(draft: Draft, text: str, words: Sequence[Token], describing: bool = False) -> bool:
    """`describing`: a thing that is there already is what the words describe, not one more of its kind."""
    words = tuple(words)
    if not words or keys(words) in (("one",), ("both",)):
        return False
    if done := put(draft, text, words):
        return done == "yes"
    if _as_values(draft, text, words) or _one_more(draft, words):
        return True
    if related := _relation(draft, words):
        return _beside(draft, text, words, *related)
    thing = Reader(words, draft.world).nominal(0, 0)
    if describing and isinstance(thing, Thing) and _describe(draft, text, words):
        return True
    return _append(draft, written(text, words), words)


def _as_values(draft: Draft, text: str, words: tuple[Token, ...]) -> bool:
    """'add snow', 'with seed 7', 'add some blue': no thing among what was said."""
    indefinite = words[0].key in english.ARTICLES
    values, left = Values(text, words, draft.world, draft.shown).read()
    if left or not values or any(isinstance(value, Named) for value in values):
        return False
    if len(words) > 2 and words[-1].key in english.SIDES and words[0].key not in english.PREPOSITIONS:
        return False
    if any(isinstance(value, Place | Manner) for value in values) and _is_object(draft, words):
        return False
    if all(isinstance(value, Colour | Look) for value in values) and indefinite:
        return give(draft, Reference("things", 0, draft.view.it), values)
    return give(draft, Reference("picture", 0), values)


def _is_object(draft: Draft, words: tuple[Token, ...]) -> bool:
    """'add a lake', 'add mountains': a place that can be put into a picture."""
    start = 1 if words[0].key in english.DETERMINERS else 0
    name = " ".join(keys(words[start:]))
    return (
        words[0].key not in english.PREPOSITIONS
        and draft.world.groups.get(name) == "place"
        and (words[0].key in english.ARTICLES or draft.world.is_thing(name))
    )


def _one_more(draft: Draft, words: tuple[Token, ...]) -> bool:
    """'another tree', 'two more birds', 'more trees'."""
    more = next((at for at, word in enumerate(words[:2]) if word.key in MORE), None)
    if more is None:
        return False
    found = draft.view.reference(words, more + 1)
    if found is None or not found.things or more + 1 + found.size != len(words):
        return False
    step = number(words[0].key) or 1
    old = found.things[0]
    now = old.count if old.count is not None else 1
    return each(draft, (old,), lambda text, thing: edits.counted(text, thing, now + step))


def _relation(draft: Draft, words: tuple[Token, ...]) -> tuple[int, str, Reference] | None:
    """Where the words say so: at which word, how, and of what."""
    said = keys(words)
    for at in range(1, len(words)):
        for relation in (*RELATIONS, *OWNING):
            size = len(relation.split())
            if _acts(draft, words[at - 1].key) or (relation == "to" and words[at - 1].key == "next"):
                continue
            if " ".join(said[at : at + size]) == relation:
                found = draft.view.reference(words, at + size)
                whole = found is not None and at + size + found.size == len(words)
                if found and found.things and whole and words[at + size].key not in english.ARTICLES:
                    return at, relation, found
    return None


def _acts(draft: Draft, key: str) -> bool:
    return key in english.VERBS or (key.endswith("ing") and not draft.world.is_thing(key))


def _beside(draft: Draft, text: str, words: tuple[Token, ...], at: int, relation: str, found: Reference) -> bool:
    said = insertion.with_article(written(text, words[:at]), draft.world)
    thing = found.things[0]
    if relation in OWNING:
        draft.prompt = insertion.owning(draft.prompt, thing, said, draft.world)
    elif relation in ("next to", "beside", "near"):
        end = thing.end
        draft.prompt = edits.spliced(draft.prompt, [(end, end, f" {relation} {said}")])
    elif thing.lead and thing.lead[-1].key in english.PREPOSITIONS:
        draft.prompt = insertion.added(draft.prompt, f"{said} {written(text, words[at:])}", draft.world)
    else:
        draft.prompt = insertion.beside(draft.prompt, thing, said, relation)
    _look_at(draft, words)
    return True


def _describe(draft: Draft, text: str, words: tuple[Token, ...]) -> bool:
    """'with a red apple' where an apple is."""
    found = Values(text, words, draft.world, draft.shown).read()[0]
    named = found[0] if len(found) == 1 and isinstance(found[0], Named) else None
    old = named and next((thing for thing in draft.view.things if thing.head == named.thing.head), None)
    if not named or not old:
        return False
    return each(draft, (old,), lambda prompt, thing: become(draft, prompt, thing, named))


def _append(draft: Draft, said: str, words: tuple[Token, ...]) -> bool:
    left = keys(words[-3:]) in (("on", "the", "left"), ("to", "the", "left"))
    known = isinstance(thing := Reader(words, draft.world).nominal(0, 0), Thing) and draft.world.is_thing(thing.head)
    said = insertion.with_article(said, draft.world) if known else said
    first = next(iter(draft.view.things), None)
    if left and first and not first.lead:
        draft.prompt = insertion.beside(draft.prompt, first, said, "and")
    else:
        draft.prompt = insertion.added(draft.prompt, said, draft.world)
    _look_at(draft, words)
    return True


def _look_at(draft: Draft, words: tuple[Token, ...]) -> None:
    thing = Reader(words, draft.world).nominal(0, 0)
    draft.focus = frozenset((thing.head,)) if isinstance(thing, Thing) else draft.focus
