"""Whether words wish for something new, though there is a picture already that they could be about."""

from __future__ import annotations

from collections.abc import Sequence

from agent.offline import english
from agent.offline.clauses import bare, verb
from agent.offline.commands import CLOSER, LOUDER, REFERRING
from agent.offline.draft import Draft
from agent.offline.options import MORE
from agent.offline.phrases import Thing
from agent.offline.reading import Reader
from agent.offline.sayings import TALKING
from agent.offline.targets import BACKGROUND
from agent.offline.tokens import Token, keys
from agent.offline.value_words import BETTER, Values
from agent.offline.values import Named
from agent.offline.wishes import drawable

SETTINGS = english.words("seed seeds steps cfg guidance size sampler scheduler")
"""What begins with these is about how to draw, even where it cannot be followed."""


def is_wish(words: Sequence[Token], text: str, draft: Draft, joined: bool) -> bool:
    """Whether something new is to be drawn, though there is a picture already."""
    asked, size = verb(words)
    rest = bare(words[size:])
    said = set(keys(rest))
    if asked == "draw" and rest:
        about = draft.view.reference(rest)
        definite = any(word.key == "the" and draft.view.reference(rest, at) for at, word in enumerate(rest) if at)
        refers = (
            definite
            or bool(about and rest[0].key not in english.ARTICLES)
            or bool(said & {"it", "them", "him", "both"})
        )
        again = set(keys(words)) & {"another", "more"} and _known(rest, draft)
        return (
            not refers
            and not again
            and _has_thing(rest, text, draft)
            and not _ends_with(text, "too", "also", "as well")
        )
    if asked == "make" and words[0].key not in ("change", "turn", "set"):
        new = _indefinite(rest, draft) and not _known(rest, draft)
        return new and not said & REFERRING and not _ends_with(text, "too", "as well", "instead", "also")
    if asked or joined or "in place of" in text.lower() or no_wish(words):
        return False
    if (
        keys(words)[0] in ("negative", *LOUDER, *MORE, *BETTER)
        or set(keys(words)) & CLOSER
        or words[-1].key in BACKGROUND
    ):
        return False
    values, left = Values(text, tuple(words), draft.world, draft.shown).read()
    if not left and values and not any(isinstance(value, Named) for value in values):
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


def no_wish(words: Sequence[Token]) -> bool:
    """Talk, or a setting that cannot be followed."""
    return keys(words)[0] in SETTINGS or bool(set(keys(words)) & TALKING)


def _ends_with(text: str, *words: str) -> bool:
    return text.lower().rstrip(" .!?").removesuffix(" please").rstrip(" ,").endswith(words)


def _pasted(words: Sequence[Token]) -> bool:
    """A list of tags, or words with weights."""
    return any(word.text in "(<[" for word in words) or sum(word.text == "," for word in words) >= 2


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
