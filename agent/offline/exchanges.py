"""One for another: replaces things, settings, colours and styles, swaps two things or their colours, keeps things."""

from __future__ import annotations

from collections.abc import Sequence

from agent.offline import backgrounds, edits, english
from agent.offline.acts import each, give, restyle
from agent.offline.clauses import verb
from agent.offline.draft import Draft
from agent.offline.phrases import Style, Thing
from agent.offline.reading import PLACING, Reader
from agent.offline.removals import parts_of
from agent.offline.targets import Reference
from agent.offline.tokens import Token, keys, tokens, written
from agent.offline.value_words import Values
from agent.offline.values import Colour, Manner, Named, Place, Value

BY = ("with", "by", "for", "into", "to")


EXCHANGED = english.words(
    "colours colour places place sides side positions position them both two it things around over "
    "round left right they order"
)


def replace(draft: Draft, text: str, words: Sequence[Token]) -> bool:
    """'the tree with a cactus', 'red with blue', 'the beach for the desert'."""
    cut = next((at for at, word in enumerate(words) if word.key in BY and at), None)
    return exchange(draft, text, words[:cut], words[cut + 1 :]) if cut is not None else False


def instead(draft: Draft, text: str, words: Sequence[Token]) -> bool | None:
    """'a castle instead of the house'; None where nothing is said to be instead of something."""
    said = keys(words)
    cut = next(
        (at for at in range(len(said) - 1) if said[at : at + 2] in (("instead", "of"), ("rather", "than"))), None
    )
    if place := next((at for at in range(1, len(said)) if said[at : at + 3] == ("in", "place", "of")), 0):
        return exchange(draft, text, words[place + 3 :], _bare_of_target(draft, words[:place]))
    if cut is None:
        return None
    new = _bare_of_target(draft, words[:cut]) if cut else words[_end_of_old(words) :]
    old = words[cut + 2 :] if cut else words[2 : _end_of_old(words)]
    return exchange(draft, text, old, new)


def _bare_of_target(draft: Draft, words: Sequence[Token]) -> Sequence[Token]:
    """'put it in the snow' is 'in the snow'."""
    words = words[verb(words)[1] :]
    found = draft.view.reference(words)
    return words[found.size :] if found and found.size < len(words) and words[0].key not in english.ARTICLES else words


def _end_of_old(words: Sequence[Token]) -> int:
    """'instead of the house a castle': where the new begins."""
    ends = (at for at in range(3, len(words)) if words[at].key in ("a", "an", ",", "make", "use", "draw"))
    return next(ends, len(words))


def exchange(draft: Draft, text: str, old: Sequence[Token], new: Sequence[Token]) -> bool:
    values, left = Values(text, tuple(new), draft.world, draft.shown).read()
    old = old[1:] if old and old[0].key in english.ARTICLES else old
    if new and new[0].key == "the" and draft.view.reference(new):
        return False
    if not old or not values or left:
        return bool(old and new) and _words_for(draft, text, old, new)
    view, value = draft.view, _fruit(draft, text, old, new, values[0])
    if isinstance(value, Place) and (setting := _old_setting(draft, old)):
        phrase = backgrounds.said_as(value.words, draft.world)
        draft.prompt = edits.spliced(draft.prompt, [(setting.start, setting.end, phrase)])
        return True
    if isinstance(value, Colour) and (coloured := _of_colour(draft, old)):
        return give(draft, Reference("things", 0, coloured), values)
    if isinstance(value, Manner) and any(isinstance(phrase, Style) for phrase in view.phrases):
        restyle(draft, value.words)
        return True
    found = view.reference(old)
    if found and set(found.things) & set(view.tags) and _words_for(draft, text, old, new):
        return True
    if found is None:
        return _words_for(draft, text, old, new) or give(draft, Reference("things", 0, view.it), _own(values))
    return give(draft, found, [value, *values[1:]]) if found.things or found.kind == "background" else False


def _own(values: list[Value]) -> list[Value]:
    return [value for value in values if not isinstance(value, Named)]


def _words_for(draft: Draft, text: str, old: Sequence[Token], new: Sequence[Token]) -> bool:
    """Tags and other words, as they stand in the prompt."""
    at = draft.prompt.lower().find(gone := written(text, old).lower())
    if at < 0 or not gone:
        return False
    draft.prompt = draft.prompt[:at] + written(text, new) + draft.prompt[at + len(gone) :]
    return True


def _fruit(draft: Draft, text: str, old: Sequence[Token], new: Sequence[Token], value: Value) -> Value:
    """'the apple for an orange' is another thing, 'red for orange' another colour."""
    found = draft.view.reference(old)
    noun = isinstance(value, Colour) and found is not None and found.things and draft.world.is_thing(new[-1].key)
    thing = Reader(tuple(tokens(written(text, new))), draft.world).nominal(0, 0) if noun else None
    return Named(written(text, new), thing) if isinstance(thing, Thing) else value


def placed_instead(draft: Draft, text: str, old: Sequence[Token], new: Sequence[Token]) -> bool:
    """'the lake to a river', where the lake is where the picture is."""
    setting = _old_setting(draft, old)
    if setting is None or not new:
        return False
    said = backgrounds.said_as(written(text, new), draft.world)
    start = setting.words[0]
    kept = written(draft.prompt, (start,)) if start.key in PLACING and tokens(said)[0].key not in PLACING else ""
    phrase = f"{kept} {written(text, new)}" if kept else said
    draft.prompt = edits.spliced(draft.prompt, [(setting.start, setting.end, phrase)])
    return True


def _old_setting(draft: Draft, old: Sequence[Token]):
    said = set(keys(old))
    return next((one for one in draft.view.settings() if set(one.name.split() or one.key.split()[-1:]) & said), None)


def _of_colour(draft: Draft, old: Sequence[Token]) -> tuple[Thing, ...]:
    """The things that have the colour that is said alone."""
    said = [word.key for word in old if word.key not in ("the", "colour")]
    if not said or not all(key in draft.world.colours for key in said):
        return ()
    return tuple(thing for thing in draft.view.things if set(said) <= set(keys(thing.adjectives)))


def swap(draft: Draft, text: str, words: Sequence[Token]) -> bool:
    said = keys(words)
    if any(key in BY for key in said[1:]) and not set(said) & {"colours", "places", "sides", "positions"}:
        return replace(draft, text, words)
    named = [found.things[0] for part in parts_of(words) if (found := draft.view.reference(part)) and found.things]
    coloured = [thing for thing in draft.view.things if edits.colour_words(thing, draft.world)]
    there = coloured if {"colours", "colour"} & set(said) else draft.view.things
    pair = sorted(named[:2] if len(named) == 2 and named[0] != named[1] else there[:2], key=lambda one: one.start)
    if len(pair) != 2 or not (len(named) > 1 or not said or set(said) & EXCHANGED):
        return False
    return _swap_colours(draft, *pair) if {"colours", "colour"} & set(said) else _swap_places(draft, *pair)


def _swap_colours(draft: Draft, first: Thing, second: Thing) -> bool:
    one, other = (written(draft.prompt, edits.colour_words(thing, draft.world)) for thing in (first, second))
    if not one or not other:
        return False
    new = {first: other, second: one}
    return each(draft, (first, second), lambda text, thing: edits.recoloured(text, thing, new[thing], draft.world))


def _swap_places(draft: Draft, first: Thing, second: Thing) -> bool:
    one, other = written(draft.prompt, first.words), written(draft.prompt, second.words)
    cuts = [(first.start, first.words[-1].end, other), (second.start, second.words[-1].end, one)]
    draft.prompt = edits.spliced(draft.prompt, cuts)
    return True


def keep(draft: Draft, words: Sequence[Token]) -> bool:
    """Things that shall not move; what is no thing of the picture stays anyway."""
    for part in parts_of(words):
        found = draft.view.reference(part)
        unknown = found is None and Reader(part, draft.world).nominal(0, 0) is None
        if found and found.kind == "things" and part[0].key not in ("everything", "all"):
            draft.keep(tuple(thing.name for thing in found.things))
        elif unknown:
            return False
    return True
