"""Adds what was asked for: as one more of what is there, beside or on a thing, or after all the others."""

from __future__ import annotations

from collections.abc import Sequence

from agent.offline import backgrounds, edits, english, insertion
from agent.offline.acts import become, each, give
from agent.offline.counts import number
from agent.offline.draft import Draft
from agent.offline.phrases import Thing
from agent.offline.reading import PLACING, Reader
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
    if done := _put(draft, text, words):
        return done == "yes"
    if _as_values(draft, text, words) or _one_more(draft, words):
        return True
    if related := _relation(draft, words):
        return _beside(draft, text, words, *related)
    thing = Reader(words, draft.world).nominal(0, 0)
    if describing and isinstance(thing, Thing) and _describe(draft, text, words):
        return True
    return _append(draft, written(text, words), words)


def _put(draft: Draft, text: str, words: tuple[Token, ...]) -> str:
    """'put it on the beach', 'put the house on the left': what is there already gets a place."""
    found = draft.view.reference(words)
    if found is None or not found.things or words[0].key in english.ARTICLES:
        return ""
    if words[0].key not in english.DETERMINERS | {"it", "them", "him", "her", "both", "they"}:
        return ""
    if found.size == len(words) > 3 and Reader(words, draft.world).side(len(words) - 3):
        found = draft.view.reference(words[:-3]) or found
    side = Reader(words, draft.world).side(found.size)
    if side and found.size + side == len(words):
        return "yes" if move(draft, found.things[0], written(text, words[found.size :])) else "no"
    values, left = Values(text, words[found.size :], draft.world, draft.shown).read()
    if values and not left:
        return "yes" if give(draft, found, values) else "no"
    rest = words[found.size :]
    if len(rest) > 1 and rest[0].key in (*PLACING, "to", "into"):
        place = written(text, rest[1:]) if rest[0].key in ("to", "into") else written(text, rest)
        draft.prompt = backgrounds.placed(draft.prompt, place, draft.world)
        return "yes"
    return ""


def move(draft: Draft, thing: Thing, side: str) -> bool:
    """To a side of the picture; another thing that is said to be there goes to the other side."""
    place = side.split()[-1].lower()
    side = f"on the {place}" if place in ("left", "right") else side
    other = {"left": "right", "right": "left"}.get(place)
    changes: list[edits.Edit] = []
    for one in draft.view.things:
        if one == thing:
            changes.append((one.words[-1].end, one.end, f" {side}"))
        elif one.rest and other and place in keys(one.rest):
            changes.append((one.words[-1].end, one.end, f" on the {other}"))
    draft.prompt = edits.spliced(draft.prompt, changes)
    draft.focus = frozenset((thing.head,))
    return True


def _as_values(draft: Draft, text: str, words: tuple[Token, ...]) -> bool:
    """'add snow', 'with seed 7', 'add some blue': no thing among what was said."""
    values, left = Values(text, words, draft.world, draft.shown).read()
    if left or not values or any(isinstance(value, Named) for value in values):
        return False
    if any(isinstance(value, Place | Manner) for value in values) and _is_object(draft, words):
        return False
    if all(isinstance(value, Colour | Look) for value in values) and words[0].key in english.ARTICLES:
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
            if " ".join(said[at : at + size]) == relation:
                found = draft.view.reference(words, at + size)
                whole = found is not None and at + size + found.size == len(words)
                if found and found.things and whole and words[at + size].key not in english.ARTICLES:
                    return at, relation, found
    return None


def _beside(draft: Draft, text: str, words: tuple[Token, ...], at: int, relation: str, found: Reference) -> bool:
    said = insertion.with_article(written(text, words[:at]), draft.world)
    thing = found.things[0]
    if relation in OWNING:
        draft.prompt = insertion.owning(draft.prompt, thing, said, draft.world)
    elif relation in ("next to", "beside", "near"):
        end = thing.end
        draft.prompt = edits.spliced(draft.prompt, [(end, end, f" {relation} {said}")])
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
