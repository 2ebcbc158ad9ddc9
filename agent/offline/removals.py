"""Takes away what was named: things, settings, styles, tags, adjectives; and keeps away what is not there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from agent.offline import backgrounds, edits, english
from agent.offline.acts import each, unstyled
from agent.offline.counts import number
from agent.offline.draft import Draft
from agent.offline.phrases import Phrase, Setting, Style, Tag, Thing
from agent.offline.reading import Reader
from agent.offline.removal import removed
from agent.offline.targets import BACKGROUND, View
from agent.offline.tokens import Token, keys, written
from tools.nouns import one

EMPTY = english.words(
    "any anymore more longer all of the a an to see have that those these some such be there is it its"
)
BUT = ("except", "but", "besides")


def remove(draft: Draft, text: str, words: Sequence[Token]) -> bool:
    said = keys(words)
    if said[:1] in (("everything",), ("all",)) and (cut := next((at for at, key in enumerate(said) if key in BUT), 0)):
        return remove_others(draft, words[cut + 1 + (said[cut : cut + 2] == ("except", "for")) :])
    parts = list(parts_of(words))
    return bool(parts) and all(list(map(partial(_one, draft, text), parts)))


def parts_of(words: Sequence[Token]) -> Iterator[tuple[Token, ...]]:
    part: list[Token] = []
    for word in (*words, None):
        if word is None or not word.is_word or word.key in ("and", "or", "nor"):
            if part:
                yield tuple(part)
            part = []
        else:
            part.append(word)


def _one(draft: Draft, text: str, words: tuple[Token, ...]) -> bool:
    view = draft.view
    found = view.reference(words)
    if found is None and number(words[0].key):
        found = view.reference(words, 1 + (keys(words[1:2]) == ("of",)))
    if (found and found.kind == "style") or words[-1].key in ("style", "styles"):
        draft.prompt, draft.style, draft.unstyle = unstyled(draft), None, True
        return True
    start = 0
    while start < len(words) - 1 and words[start].key in EMPTY:
        start += 1
    bare = words[start:]
    if bare[0].key in BACKGROUND and (found is None or not found.things):
        draft.prompt = backgrounds.cleared(draft.prompt, draft.world)
        return True
    if found and found.things:
        return _things(draft, words, found.things, found.size)
    if phrase := _phrase(view, bare):
        rest = removed(draft.prompt, phrase, view.phrases)
        draft.prompt = rest or draft.prompt
        if isinstance(phrase, Style):
            draft.unstyle = True
        return bool(rest)
    return _words(draft, text, bare)


def _words(draft: Draft, text: str, bare: tuple[Token, ...]) -> bool:
    """Adjectives of things, the name of a style, or what shall not come into the picture."""
    if told := [thing for thing in draft.view.things if bare[-1].key in keys(thing.adjectives)]:
        return each(draft, told, lambda prompt, thing: edits.without_words(prompt, thing, keys(bare), draft.world))
    if " ".join(keys(bare)) in draft.world.styles:
        draft.unstyle = True
    else:
        draft.avoid(written(text, bare))
    return True


def _things(draft: Draft, words: tuple[Token, ...], things: tuple[Thing, ...], size: int) -> bool:
    """All of them, or as many as the words say of several."""
    fewer = number(words[0].key)
    many = things[0].count or 1
    if fewer and fewer < many and len(things) == 1:
        return each(draft, things, lambda prompt, thing: edits.counted(prompt, thing, many - fewer))
    for thing in sorted(things, key=lambda thing: thing.start, reverse=True):
        rest = removed(draft.prompt, thing, draft.view.phrases)
        if not rest.strip(" ,."):
            return False
        draft.prompt = rest
    return True


def _phrase(view: View, words: tuple[Token, ...]) -> Phrase | None:
    """A setting, a style or a tag of the prompt by its words, its name, or its last word."""
    name = " ".join(keys(words))
    others = [phrase for phrase in view.phrases if isinstance(phrase, Setting | Style | Tag)]
    for phrase in others:
        named = phrase.name if isinstance(phrase, Setting | Style) else ""
        if name in (phrase.key, named) or (named and one(name) == named):
            return phrase
    setting = Reader(words, view.world).setting(0)
    wanted = setting.name if setting and setting.name else english.HAPPENING.get(name, name)
    for phrase in others:
        if isinstance(phrase, Setting) and wanted and phrase.name.split()[-1:] == wanted.split()[-1:]:
            return phrase
    return next(
        (phrase for phrase in others if one(phrase.words[-1].key) == one(words[-1].key) and len(words) == 1), None
    )


def remove_others(draft: Draft, words: Sequence[Token]) -> bool:
    kept: set[str] = set()
    for part in parts_of(words):
        found = draft.view.reference(part)
        kept |= {thing.head for thing in found.things} if found else set()
    gone = [thing for thing in draft.view.things if thing.head not in kept]
    if not kept or not gone:
        return False
    return _things(draft, tuple(words), tuple(gone), 0)
