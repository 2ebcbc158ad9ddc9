"""Where things are put that are in the picture already: to a side, into a place, on or under something."""

from __future__ import annotations

from collections.abc import Sequence

from agent.offline import backgrounds, edits, english
from agent.offline.acts import give
from agent.offline.draft import Draft
from agent.offline.phrases import Thing
from agent.offline.reading import PLACING, UNPLACED, Reader
from agent.offline.tokens import Token, keys, written
from agent.offline.value_words import Values


def put(draft: Draft, text: str, words: tuple[Token, ...]) -> str:
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
    if _resettled(draft, text, found.things[0], words[found.size :]):
        return "yes"
    values, left = Values(text, words[found.size :], draft.world, draft.shown).read()
    if values and not left:
        return "yes" if give(draft, found, values) else "no"
    rest = words[found.size :]
    if len(rest) > 1 and rest[0].key in (*PLACING, "to", "into"):
        place = written(text, rest[1:]) if rest[0].key in ("to", "into") else written(text, rest)
        draft.prompt = backgrounds.placed(draft.prompt, place, draft.world)
        return "yes"
    return ""


def _resettled(draft: Draft, text: str, thing: Thing, rest: Sequence[Token]) -> bool:
    """'under the sofa', of a cat that is on it; 'to the garden'."""
    if len(rest) > 1 and rest[0].key in ("to", "into", "onto") and rest[-1].key in draft.world.settings:
        draft.prompt = backgrounds.placed(draft.prompt, written(text, rest[1:]), draft.world)
        return True
    about = Reader(tuple(rest), draft.world).nominal(1, 1) if len(rest) > 1 and rest[0].key in WHERE else None
    if not isinstance(about, Thing) or len(about.words) + 1 < len(rest) or rest[-1].key in draft.world.settings:
        return False
    old = next((phrase for phrase in draft.view.phrases if phrase.start > thing.start), None)
    said = written(text, rest)
    if about.head in UNPLACED:
        change = (thing.words[-1].end, thing.words[-1].end, f" {said}")
    elif not isinstance(old, Thing) or not old.lead or old.lead[-1].key not in WHERE:
        change = (thing.end, thing.end, f" {said}")
    elif old.head == about.head:
        change = (old.lead[-1].start, old.lead[-1].end, rest[0].text)
    else:
        change = (old.lead[-1].start, old.words[-1].end, said)
    draft.prompt = edits.spliced(draft.prompt, [change])
    return True


WHERE = english.words("on in under behind beside near at by above below underneath inside over")


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
