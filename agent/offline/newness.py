"""Whether words wish for something new, though there is a picture already that they could be about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from agent.offline import english
from agent.offline.clauses import bare, verb
from agent.offline.commands import CLOSER, LOUDER, REFERRING
from agent.offline.draft import Draft
from agent.offline.newcomers import TALKING, VIEWS, ambient
from agent.offline.options import MORE
from agent.offline.phrases import Thing
from agent.offline.reading import Reader
from agent.offline.targets import BACKGROUND
from agent.offline.tokens import Token, keys
from agent.offline.value_words import BETTER, Values
from agent.offline.values import Named
from agent.offline.wishes import drawable

OTHER = re.compile(r"\b(?:in place of|instead of|rather than)\b", re.IGNORECASE)
SETTINGS = english.words("seed seeds steps cfg guidance size sampler scheduler")
"""What begins with these is about how to draw, even where it cannot be followed."""
POINTING = english.words("the my this that another different same fewer")


def is_wish(words: Sequence[Token], text: str, draft: Draft, joined: bool) -> bool:
    """Whether something new is to be drawn, though there is a picture already."""
    asked, size = verb(words)
    rest = bare(words[size:])
    said = set(keys(rest))
    if asked == "draw" and rest:
        return _drawn(words, rest, text, draft)
    if asked == "make" and words[0].key not in ("change", "turn", "set"):
        new = _indefinite(rest, draft) and not _known(rest, draft)
        return new and not said & REFERRING and not _ends_with(text, "too", "as well", "instead", "also")
    if asked or joined or _about_this(words, text, draft) or _described(words, text, draft):
        return False
    if _pasted(words):
        return not draft.view.reference(words) or len(_segments(words)) > 2
    if (
        said & (REFERRING - {"one"})
        or _ends_with(text, "too", "as well", "instead", "also")
        or rest[0].key in ("another", "more")
    ):
        return False
    return (
        drawable(words, draft)
        and not _led_by_with(words, draft)
        and not _known(words, draft)
        and not draft.view.reference(words)
    )


def _drawn(words: Sequence[Token], rest: Sequence[Token], text: str, draft: Draft) -> bool:
    """Of 'draw …': whether it is about nothing that is there."""
    said = set(keys(rest))
    about = draft.view.reference(rest)
    about_it = refers(rest, draft) or bool(about and rest[0].key not in english.ARTICLES)
    again = bool(set(keys(words)) & {"another", "more"}) and _known(rest, draft)
    late = _ends_with(text, "too", "also", "as well")
    return not (about_it or said & {"it", "them", "him", "both"} or again or late) and _has_thing(rest, text, draft)


def _about_this(words: Sequence[Token], text: str, draft: Draft) -> bool:
    """Whether the words are about the picture by what they are: 'on the left', 'the ball should', 'a purple sky'."""
    said = keys(words)
    small = words[0].key in english.PREPOSITIONS or bool(set(said) & {"should", "must", "needs"})
    known = refers(words, draft) or ambient(words, draft) or " ".join(said) in VIEWS
    return small or known or bool(OTHER.search(text)) or no_wish(words)


def _described(words: Sequence[Token], text: str, draft: Draft) -> bool:
    """Whether they say only how something shall be."""
    said = keys(words)
    louder = said[0] in ("negative", *LOUDER, *MORE, *BETTER) or bool(set(said) & CLOSER) or said[-1] in BACKGROUND
    values, left = Values(text, tuple(words), draft.world, draft.shown).read()
    plain = not left and bool(values) and not any(isinstance(value, Named) for value in values)
    part = len(words) == 2 and said[1] in draft.world.colours and draft.world.is_thing(said[0])
    return louder or plain or part or bool(praising(words))


def refers(words: Sequence[Token], draft: Draft) -> bool:
    """'a worm in the apple' is said of the apple that is there."""
    heads = {thing.head for thing in draft.view.things}
    found = (draft.view.reference(words, at) for at, word in enumerate(words) if at and word.key == "the")
    return any(one and {thing.head for thing in one.things} & heads for one in found)


def no_wish(words: Sequence[Token]) -> bool:
    """Talk, or a setting that cannot be followed."""
    said = keys(words)
    named = any(before in POINTING and key in SETTINGS for before, key in pairwise(said) if "of" not in said)
    return said[0] in SETTINGS or named or bool(set(said) & TALKING)


def _ends_with(text: str, *words: str) -> bool:
    return text.lower().rstrip(" .!?").removesuffix(" please").rstrip(" ,").endswith(words)


def _pasted(words: Sequence[Token]) -> bool:
    """A list of tags, or words with weights."""
    return any(word.text in "(<[" for word in words) or sum(word.text == "," for word in words) >= 2


def _parts(words: Sequence[Token]) -> list[tuple[Token, ...]]:
    """Between the commas."""
    cuts = [-1, *(at for at, word in enumerate(words) if not word.is_word or word.key == "and"), len(words)]
    return [tuple(words[start + 1 : end]) for start, end in pairwise(cuts) if end > start + 1]


def praising(words: Sequence[Token]) -> tuple[str, ...]:
    """What the picture shall be more of on the whole: 'sharper, nicer'; a single word is said of a thing."""
    parts = _parts(words)
    if not all(map(_praised, parts)) or (len(parts) == 1 and keys(parts[0])[-1] not in BETTER):
        return ()
    return tuple(english.COMPARED.get(word, word) for part in parts for word in keys(part[-1:]))


def _praised(words: Sequence[Token]) -> bool:
    """'nicer', 'more appetising', 'sharper': how the picture shall be on the whole."""
    said = [key for key in keys(words) if key not in english.words("a bit little much even way lot somewhat slightly")]
    if said[:1] in (["more"], ["less"]) and len(said) == 2:
        return said[1].endswith(
            ("ing", "ive", "ic", "ful", "al", "ous", "able", "ible", "ent", "ant", "ed", "y", "ish")
        )
    return len(said) == 1 and (said[0] in BETTER or said[0] in english.COMPARED)


def _segments(words: Sequence[Token]) -> list[Token]:
    return [word for word in words if word.text == ","]


def _indefinite(words: Sequence[Token], draft: Draft) -> bool:
    found = Reader(tuple(words), draft.world).nominal(0, 0) if words else None
    return isinstance(found, Thing) and (not found.determiners or found.count is not None)


def _known(words: Sequence[Token], draft: Draft) -> bool:
    """Whether what it is about is in the picture already."""
    heads = {thing.head for thing in draft.view.things}
    found = next((one for one in Reader(tuple(words), draft.world).phrases() if isinstance(one, Thing)), None)
    return found is not None and found.head in heads


def _led_by_with(words: Sequence[Token], draft: Draft) -> bool:
    """'at sunset, with a bird' has no subject of its own."""
    found = next((one for one in Reader(tuple(words), draft.world).phrases() if isinstance(one, Thing)), None)
    return found is not None and keys(found.lead)[:1] in (("with",), ("without",))


def _has_thing(words: Sequence[Token], text: str, draft: Draft) -> bool:
    values, left = Values(text, tuple(words), draft.world, draft.shown).read()
    return bool(left) or not values or any(isinstance(value, Named) for value in values)
