"""Does what one clause says to the draft of a change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from agent.offline import additions, backgrounds, english, exchanges, insertion, owners, placing, removals
from agent.offline.acting import acting
from agent.offline.acts import give
from agent.offline.clauses import Clause, bare, verb
from agent.offline.commands import LOUDER, PRONOUNS, REFERRING, Verb
from agent.offline.counts import number
from agent.offline.draft import Draft
from agent.offline.newcomers import new_things
from agent.offline.nuances import nuance
from agent.offline.options import Option, form
from agent.offline.reading import Reader
from agent.offline.targets import BACKGROUND, Reference, names_things
from agent.offline.tokens import Token, keys, written
from agent.offline.value_words import Values
from agent.offline.values import Look, Manner, Named, Place, Value
from agent.offline.wishes import gibberish

Words = tuple[Token, ...]
GOING = ({"go"}, {"disappear"}, {"vanish"}, {"leave"})
LARGER = english.words("larger smaller wider taller")


def say(draft: Draft, text: str, clause: Clause) -> bool:
    """Whether it was understood and done."""
    words = clause.words
    if not words:
        return False
    if (done := exchanges.instead(draft, text, words)) is not None:
        return done
    if nuance(draft, text, words) or _contrast(draft, text, words):
        return True
    if keys(words)[0] == "not" and _two_sided(words):
        return False
    if words[0].key == "another" or (len(words) > 2 and words[1].key == "more" and number(words[0].key)):
        return additions.add(draft, text, words)
    return _done(draft, text, words, clause.joined)


def _done(draft: Draft, text: str, words: Words, joined: bool) -> bool:
    """By the verb that the words begin with, or without one."""
    first = keys(words)[0]
    asked, size = verb(words)
    rest = bare(words[size:]) if asked else words
    if asked == "make" and len(rest) > 1 and rest[0].key in ("another", "more") and additions.add(draft, text, rest):
        return True
    if asked in (None, "make") and owners.give_it(draft, text, rest, given=first in ("give", "giving")):
        return True
    acts: Mapping[Verb, Callable[[], bool]] = {
        "add": lambda: additions.add(draft, text, rest, describing=first == "with"),
        "remove": lambda: removals.remove(draft, text, rest),
        "replace": lambda: exchanges.replace(draft, text, rest),
        "swap": lambda: exchanges.swap(draft, text, rest) or make(draft, text, rest),
        "keep": lambda: exchanges.keep(draft, rest),
    }
    if asked in acts:
        return bool(rest) and acts[asked]()
    return bool(rest) and (make(draft, text, rest) or new_things(draft, text, rest, asked, joined))


def make(draft: Draft, text: str, words: Words) -> bool:
    """'the house blue', 'it bigger', 'blue', 'at night': who, and how they shall be."""
    if not words:
        return False
    found, size = _who(draft, words)
    rest = words[size:]
    return (
        _put_elsewhere(draft, text, words, found, size)
        or acting(draft, text, found, rest)
        or (not _plain(draft, text, words) and _of_a_part(draft, text, words, found))
        or _looking(draft, text, words, found, size)
    )


def _put_elsewhere(draft: Draft, text: str, words: Words, found: Reference | None, size: int) -> bool:
    """'the house should go', 'the house on the left', 'the lake to a river'."""
    rest = words[size:]
    if found and found.things and set(keys(rest)) - owners.MODAL in GOING:
        return removals.remove(draft, text, words[:size])
    if found and found.things and not rest and Reader(words, draft.world).side(size - 3):
        return placing.move(draft, found.things[0], written(text, words[size - 3 :]))
    cut = next((at for at, word in enumerate(words) if word.key in ("to", "into") and at > 1), 0)
    return bool(cut) and found is None and exchanges.placed_instead(draft, text, words[:cut], words[cut + 1 :])


def _looking(draft: Draft, text: str, words: Words, found: Reference | None, size: int) -> bool:
    """'the house blue', 'the dog brown with white spots'."""
    rest = words[size:]
    values, left = Values(text, rest, draft.world, draft.shown).read()
    if len(left) == 1 and not values and rest[-1] is left[0] and not _no_look(left[0]):
        values, left = ([Manner(left[0].text)] if rest[0].key == "as" else [Look(left[0].text)]), []
    cut = next((at for at, word in enumerate(rest) if word.key == "with" and at), 0)
    if found and found.things and 0 < cut < len(rest) - 1:
        looks, unread = Values(text, rest[:cut], draft.world, draft.shown).read()
        if looks and not unread and not any(isinstance(look, Named | Place) for look in looks):
            return give(draft, found, looks) and owners.give_it(draft, text, (*words[:size], *rest[cut:]), given=False)
    if names_things(words, found):
        values = [_of_a_thing(value, draft) for value in values]
    if not values or len(left) > len(values):
        return False
    if found is None and len(values) == 1 and isinstance(values[0], Named):
        return _named(draft, text, values[0], words)
    return give(draft, _about(draft, words, _counted(draft, words, found, values) or found, values[0]), values)


def _of_a_thing(value: Value, draft: Draft) -> Value:
    """'the house twice as big', 'the tree taller': the thing, not the picture's sides."""
    look = form(value.patch, draft.shown) if isinstance(value, Option) else ""
    return Look(look) if look else value


def _counted(draft: Draft, words: Words, found: Reference | None, values: Sequence[Value]) -> Reference | None:
    """'make it four balloons' counts the balloons, whatever 'it' is."""
    named = values[0] if len(values) == 1 and isinstance(values[0], Named) else None
    if named is None or found is None or words[0].key not in PRONOUNS or number(words[found.size].key) is None:
        return None
    same = tuple(thing for thing in draft.view.things if thing.head == named.thing.head)[:1]
    return Reference("things", found.size, same) if same else None


def _of_a_part(draft: Draft, text: str, words: Words, found: Reference | None) -> bool:
    """'blurry background', 'her hair black', where nothing of that name is in the prompt yet."""
    if found is None and words[-1].key in BACKGROUND and len(words) == 2 and words[0].key in draft.world.settings:
        draft.prompt = backgrounds.placed(draft.prompt, words[0].text, draft.world)
        return True
    if found is None and words[-1].key in BACKGROUND and len(words) > 1:
        draft.prompt = insertion.tagged(draft.prompt, written(text, words), draft.world)
        return True
    possessive = (
        found is not None
        and keys(words)[found.size - 1] not in owners.LOOKS
        and (
            any(word.key.endswith("'s") for word in words[: found.size - 1])
            or (found.size == 1 and keys(words)[0] in owners.WHOSE)
        )
    )
    return (possessive or found is None) and owners.describe_part(draft, text, words)


def _about(draft: Draft, words: Words, found: Reference | None, value: Value) -> Reference:
    """'larger' alone, or of 'it', is said of the picture; 'bigger' of the thing."""
    if (
        isinstance(value, Look)
        and words[-1].key in LARGER
        and all(word.key in {"it", "this", *LARGER} for word in words)
    ):
        return Reference("picture", 0)
    return found or Reference("things", 0, draft.view.it)


def _no_look(word: Token) -> bool:
    return gibberish(word) or word.key in LOUDER or word.key in REFERRING or word.key in english.DETERMINERS


def _plain(draft: Draft, text: str, words: Words) -> bool:
    """Whether the words are values and name nothing."""
    values, left = Values(text, words, draft.world, draft.shown).read()
    return bool(values) and not left and not any(isinstance(value, Named) for value in values)


def _who(draft: Draft, words: Words) -> tuple[Reference | None, int]:
    """One thing or several tied by 'and', and in how many words."""
    found = draft.view.reference(words)
    if found is None or (words[0].key in english.ARTICLES and found.kind == "things"):
        return None, 0
    bare_name = words[0].key not in english.DETERMINERS | REFERRING and found.kind == "things"
    new = set(keys(words[: found.size - 1])) - {word for thing in found.things for word in keys(thing.words)}
    if bare_name and (found.size == len(words) or new):
        return None, 0
    size, things = found.size, list(found.things)
    while size < len(words) - 1 and words[size].key in ("and", ",", "&"):
        more = draft.view.reference(words, size + 1)
        if more is None or more.kind != "things" or not more.things:
            break
        size, things = size + 1 + more.size, things + list(more.things)
    if words[size - 1].key.endswith("'s") or (size < len(words) and words[size].key in ("colour", "colours")):
        size += size < len(words)
    return Reference(found.kind, size, tuple(dict.fromkeys(things))), size


def _named(draft: Draft, text: str, value: Named, words: Words) -> bool:
    """'a green house': the house that is there; 'a castle instead': in the place of what 'it' is."""
    about = tuple(thing for thing in draft.view.things if thing.head == value.thing.head)[:1]
    instead = "instead" in keys(words) or text.lower().rstrip(" .!?").endswith(("instead", "rather"))
    if about or instead:
        return give(draft, Reference("things", 0, about or draft.view.it), [value])
    return False


def _two_sided(words: Words) -> bool:
    """'not this, that': what could not be done as that is not taken for 'without this'."""
    return any(word.key in ("but", ",", "rather") for word in words[1:])


def _contrast(draft: Draft, text: str, words: Words) -> bool:
    """'not blue but green', 'green not blue'."""
    said = keys(words)
    if said[:1] == ("not",):
        cut = next((at for at, key in enumerate(said) if key in ("but", ",", "rather") and at > 1), None)
        return exchanges.exchange(draft, text, words[1:cut], words[cut + 1 :]) if cut else False
    cut = next((at for at, key in enumerate(said) if key == "not" and at), None)
    if cut is None or cut + 1 >= len(words):
        return False
    new = words[:cut]
    while new and (not new[-1].is_word or new[-1].key in english.CONJUNCTIONS):
        new = new[:-1]
    new = bare(new[verb(new)[1] :])
    new = new[1:] if len(new) > 1 and new[0].key in PRONOUNS else new
    plain = len(Values(text, new, draft.world, draft.shown).read()[0]) == 1 and not draft.view.reference(new)
    return (plain and exchanges.exchange(draft, text, words[cut + 1 :], new)) or make(draft, text, new)
