"""What belongs to a thing: 'give the house a chimney', 'she should have green eyes', 'the cat's fur white'."""

from __future__ import annotations

from collections.abc import Sequence

from agent.offline import english, insertion
from agent.offline.acts import become, each, give
from agent.offline.draft import Draft
from agent.offline.phrases import Thing
from agent.offline.targets import Reference
from agent.offline.tokens import Token, written
from agent.offline.value_words import Values
from agent.offline.values import Look, Manner, Named
from tools.nouns import one

Words = tuple[Token, ...]
MODAL = english.words("should could would must can to be get gets")
HAVING = english.words("have has had having with wear wears wearing hold holds holding carry carrying need needs")
SHOWN = english.words("wear wears wearing hold holds holding carry carrying")
WHOSE = english.words("her his its their")
LOOKS = english.words("colour look style shape")
LONGEST = 6
"""Words that a part is called by, with those of its being so: 'the wheels of his bicycle should be'."""


def give_it(draft: Draft, text: str, words: Words, given: bool) -> bool:
    """`given`: the verb was 'give', so that whose it is comes first and no other verb is needed."""
    found = draft.view.reference(words)
    if found is None or not found.things or words[0].key in english.ARTICLES:
        return False
    at = found.size
    while at < len(words) and words[at].key in MODAL:
        at += 1
    verb = words[at].key if at < len(words) and words[at].key in HAVING else ""
    rest = words[at + bool(verb) :]
    if not rest or not (verb or given) or rest[-1].key in LOOKS:
        return False
    values, _ = Values(text, rest, draft.world, draft.shown).read()
    if not any(isinstance(value, Named) for value in values):
        return False
    return _own(draft, text, found.things, rest, "wearing" if verb in SHOWN and verb.startswith("wear") else "with")


def _own(draft: Draft, text: str, owners: Sequence[Thing], rest: Words, relation: str) -> bool:
    """What one has already is described anew."""
    named = Values(text, rest, draft.world, draft.shown).read()[0][0]
    old = [thing for thing in draft.view.things if isinstance(named, Named) and thing.head == named.thing.head]
    if isinstance(named, Named) and old:
        return each(draft, old[:1], lambda prompt, thing: become(draft, prompt, thing, named))
    said = written(text, rest)
    return each(draft, owners, lambda prompt, thing: insertion.owning(prompt, thing, said, draft.world, relation))


def describe_part(draft: Draft, text: str, words: Words) -> bool:
    """'the sky pink', 'her hair black', 'the cat's fur white', where the prompt has no such part yet."""
    whose = (
        draft.view.reference(words)
        if words[0].key in WHOSE or any(word.key.endswith("'s") for word in words[:3])
        else None
    )
    start = next((at + 1 for at, word in enumerate(words[:3]) if word.key.endswith("'s")), 1)
    if len(words) == 2 and words[1].key in draft.world.colours and draft.world.is_thing(words[0].key):
        start = 0
    elif len(words) < start + 2 or words[0].key not in WHOSE | {"the", "my"}:
        return False
    for cut in range(start + 1, min(len(words), start + 1 + LONGEST)):
        values, left = Values(text, words[cut:], draft.world, draft.shown).read()
        part = [word for word in words[start:cut] if word.key not in MODAL | {"is"}]
        if not values or left or isinstance(values[0], Manner) or not part:
            continue
        look = values[0].word if isinstance(values[0], Look) and len(values) == 1 else ""
        plain = next(at for at in range(cut, len(words)) if words[at].key not in MODAL or at == len(words) - 1)
        like = look or written(text, words[plain:])
        said = f"{like} {written(text, part)}"
        if has := [thing for thing in draft.view.things if whose and thing.head == one(part[-1].key)]:
            return give(draft, Reference("things", 0, tuple(has[:1])), values)
        return _have_part(draft, said, whose.things if whose else ())
    return False


def _have_part(draft: Draft, said: str, owners: Sequence[Thing]) -> bool:
    said = insertion.with_article(said, draft.world)
    if owners:
        return each(draft, owners, lambda prompt, thing: insertion.owning(prompt, thing, said, draft.world))
    draft.prompt = insertion.added(draft.prompt, said, draft.world)
    return True
