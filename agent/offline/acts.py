"""Gives the things, the background or the whole picture the values that were said of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from agent.offline import backgrounds, edits, english, insertion
from agent.offline.draft import Draft
from agent.offline.options import Option, scaled
from agent.offline.phrases import Style, Thing
from agent.offline.removal import removed
from agent.offline.targets import Reference
from agent.offline.tokens import key_of, keys
from agent.offline.values import Amount, Better, Colour, Look, Manner, Named, Place, Value

PLAIN = english.words("plain normal default no usual")
LARGER = {"big": 1.5, "large": 1.5, "huge": 2.0, "wide": 1.5, "tall": 1.5, "small": 2 / 3, "tiny": 0.5}
AT_ONCE = 8
"""Values that are given by one clause; each reads the prompt anew."""
Edit = Callable[[str, Thing], str]


def give(draft: Draft, reference: Reference, values: Sequence[Value]) -> bool:
    """Whether every value could be given."""
    if len(values) > AT_ONCE:
        return False
    view = draft.view
    starts = {thing.start for thing in reference.things}
    places = [at for at, thing in enumerate(view.things) if thing.start in starts]
    tags = [at for at, tag in enumerate(view.tags) if tag.start in starts]
    done: list[bool] = []
    for value in values:
        view = draft.view  # what the value before changed has moved the words
        things = (
            *(view.things[at] for at in places if at < len(view.things)),
            *(view.tags[at] for at in tags if at < len(view.tags)),
        )
        done.append(_give(draft, replace(reference, things=things), value))
    return bool(done) and all(done)


def _give(draft: Draft, reference: Reference, value: Value) -> bool:
    match value:
        case Option():
            draft.set(value)
        case Place(words, instead):
            draft.prompt = backgrounds.placed(draft.prompt, words, draft.world, instead)
        case Manner(words):
            restyle(draft, words)
        case Better():
            draft.again = True
        case _ if reference.kind == "things":
            return _give_things(draft, reference.things, value)
        case _:
            return _give_whole(draft, reference, value)
    return True


def _give_things(draft: Draft, things: Sequence[Thing], value: Value) -> bool:
    world = draft.world
    match value:
        case Colour(words):
            return each(draft, things, lambda text, thing: edits.recoloured(text, thing, words, world))
        case Look(word, shade):
            change = edits.shaded if shade else edits.described
            return each(draft, things, lambda text, thing: change(text, thing, word, world))
        case Amount(count):
            return each(draft, things[:1], lambda text, thing: edits.counted(text, thing, count))
        case Named():
            return each(draft, things[:1], lambda text, thing: become(draft, text, thing, value))
    return False


def _give_whole(draft: Draft, reference: Reference, value: Value) -> bool:
    """To the picture or its background."""
    behind = reference.kind == "background"
    match value:
        case Colour(words) if behind:
            draft.prompt = backgrounds.placed(draft.prompt, f"on a {words} background", draft.world)
        case Named() if behind:
            draft.prompt = backgrounds.placed(draft.prompt, value.text, draft.world)
        case Look(word) if word in LARGER and not behind:
            draft.patch |= scaled(draft.shown, LARGER[word])
        case Colour(words) | Look(words):
            said = f"{words} background" if behind else words
            draft.prompt = insertion.tagged(draft.prompt, said, draft.world)
        case _:
            return _give_things(draft, draft.view.it, value)
    return True


def each(draft: Draft, things: Sequence[Thing], edit: Edit) -> bool:
    """Edits the things from the last to the first, so that their places stay right."""
    for thing in sorted(things, key=lambda thing: thing.start, reverse=True):
        draft.prompt = edit(draft.prompt, thing)
    if things:
        draft.focus = frozenset(thing.head for thing in things)
    return bool(things)


def become(draft: Draft, prompt: str, old: Thing, new: Named) -> str:
    """Another thing in the place of the old one, or the old one as it is now described."""
    if new.thing.head != old.head or _other_name(old, new.thing):
        draft.focus = frozenset((new.thing.head,))
        return edits.renamed(prompt, old, new.text, new.thing, draft.world)
    return redescribed(draft, prompt, old, new)


def _other_name(old: Thing, new: Thing) -> bool:
    """'a labrador puppy' is no retriever puppy."""
    return len(new.noun) > 1 and set(keys(new.noun[:-1])) != set(keys(old.noun[:-1]))


def redescribed(draft: Draft, prompt: str, old: Thing, new: Named) -> str:
    """Number, colour and looks as said of the new one; what was not said stays."""
    world, at = draft.world, old.start

    def now() -> Thing:
        things = draft.view.__class__(prompt, world).things
        return min(things, key=lambda thing: abs(thing.start - at))

    if new.thing.count and new.thing.count != old.count and not (new.thing.count == 1 and old.count is None):
        prompt = edits.counted(prompt, now(), new.thing.count)
    colour = edits.colour_words(new.thing, world)
    if colour:
        prompt = edits.recoloured(prompt, now(), new.text[colour[0].start : colour[-1].end], world)
    for word in new.thing.adjectives:
        if word not in colour:
            prompt = edits.described(prompt, now(), english.COMPARED.get(word.key, word.text), world)
    return prompt


def restyle(draft: Draft, words: str) -> None:
    """A style is asked for by its words; the words of the one before go from the prompt."""
    plain = words.lower() in PLAIN
    draft.style, draft.unstyle = None if plain else words, plain
    draft.prompt = unstyled(draft)


def unstyled(draft: Draft) -> str:
    """The prompt without words of a style: those the lexicon knows, and what triggers the LoRAs that are worn."""
    prompt = draft.prompt
    triggers = {key_of(trigger) for lora in draft.shown.loras for trigger in lora.triggers}
    for phrase in reversed(draft.view.phrases):
        if phrase.key in triggers or (isinstance(phrase, Style) and not _photographic(phrase)):
            shorter = removed(prompt, phrase, draft.view.__class__(prompt, draft.world).phrases)
            prompt = shorter or prompt
    return prompt


def _photographic(style: Style) -> bool:
    """'photo of …' at the start is part of the sentence."""
    return style.start == 0
