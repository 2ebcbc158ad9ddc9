"""Finer wishes: stronger or weaker, more or less of something, 'too dark', 'not this but that', the negative prompt."""

from __future__ import annotations

from agent.offline import english, weighing
from agent.offline.acts import each, give
from agent.offline.clauses import verb
from agent.offline.commands import CLOSER, LOOSER, LOUDER, OPPOSITES
from agent.offline.counts import number
from agent.offline.dials import dial
from agent.offline.draft import Draft
from agent.offline.edits import counted
from agent.offline.options import option
from agent.offline.targets import Reference, names_things
from agent.offline.tokens import Token, keys, written
from agent.offline.values import Look

Words = tuple[Token, ...]


def nuance(draft: Draft, text: str, words: Words) -> bool:
    """Whether it was one of them, and done."""
    return (
        _negative(draft, text, words)
        or dial(draft, words)
        or _strength(draft, words)
        or _times(draft, words)
        or _emphasis(draft, text, words)
        or _too(draft, text, words)
    )


def _negative(draft: Draft, text: str, words: Words) -> bool:
    said = keys(words)
    if said[:2] in (("negative", "prompt"), ("negative", ":")) and len(words) > 2:
        start = 2 + (said[1] == "prompt" and words[2].text in (":", "="))
        draft.negative = written(text, words[start:])
        return True
    return False


def _strength(draft: Draft, words: Words) -> bool:
    """'stronger': the style that is worn, else how closely the prompt is followed."""
    said = keys(words)
    step = next((LOUDER[key] for key in said if key in LOUDER), None)
    if names_things(words := words[verb(words)[1] :], draft.view.reference(words)):
        return False
    if set(said) & CLOSER or set(said) & LOOSER:
        _guide(draft, 1.3 if (set(said) & CLOSER and not set(said) & {"less"}) else 1 / 1.3)
        return True
    plain = set(said) <= {
        *LOUDER,
        "make",
        "the",
        "it",
        "style",
        "effect",
        "a",
        "bit",
        "much",
        "little",
        "even",
        "lora",
        "of",
        "guidance",
        "way",
    }
    if step is None or not plain or set(said) <= {"more", "less", "lighter", "it", "make"} or "guidance" in said:
        return False
    if draft.shown.loras or "style" in said or "lora" in said:
        draft.strength += step
    else:
        _guide(draft, 1.3 if step > 0 else 1 / 1.3)
    return True


def _guide(draft: Draft, by: float) -> None:
    draft.patch["guidance_scale"] = max(1.0, min(30.0, round(draft.shown.guidance_scale * by, 1)))


def _emphasis(draft: Draft, text: str, words: Words) -> bool:
    """'less red', 'more fog': words of the prompt weigh less or more; what is not there is kept away, or added."""
    said = keys(words)
    start = next(
        (at for at, key in enumerate(said) if key not in ("make", "it", "a", "bit", "little", "lot", "much", "the")), 0
    )
    if said[start : start + 1] not in (("less",), ("more",), ("fewer",)) or len(words) < start + 2:
        return False
    fewer = said[start] != "more"
    rest = words[start + 1 :]
    if option(words, start, draft.shown):
        return False
    found = draft.view.reference(rest)
    if found and found.things and found.size == len(rest):
        thing = found.things[0]
        count = (thing.count or 1) + (-1 if fewer else 1)
        if not thing.determiners or not count:
            draft.prompt = weighing.weighted(draft.prompt, keys(thing.noun), -0.2 if fewer else 0.2)
            return True
        return each(draft, (thing,), lambda prompt, one: counted(prompt, one, count))
    if weighing.find(draft.prompt, keys(rest)):
        draft.prompt = weighing.weighted(draft.prompt, keys(rest), -0.2 if fewer else 0.2)
        return True
    if fewer:
        draft.avoid(written(text, rest))
    return fewer


def _times(draft: Draft, words: Words) -> bool:
    """'twice as many balloons', 'double the number of trees', 'half the birds'."""
    said = keys(words)
    at = next((at for at, key in enumerate(said) if key in TIMES or said[at + 1 : at + 2] == ("times",)), len(said))
    by = TIMES.get(said[at]) or number(said[at]) if at < len(said) else None
    start = next((place + 1 for place in range(len(said) - 2, at - 1, -1) if said[place] in COUNTED), len(said))
    found = draft.view.reference((Token("the", 0, 0), *words[start:])) if by and start < len(words) else None
    if not by or not found or not found.things or start + found.size - 1 != len(words):
        return False
    thing = found.things[0]
    count = max(1, round((thing.count or 1) * by))
    return each(draft, (thing,), lambda prompt, one: counted(prompt, one, count))


TIMES = {"twice": 2, "double": 2, "triple": 3, "half": 0.5, "halve": 0.5, "thrice": 3}
COUNTED = english.words("many of the double triple twice half halve")


LESS = Token("less", 0, 0)


def _too(draft: Draft, text: str, words: Words) -> bool:
    """'the house is too dark' asks for the opposite."""
    at = next((at for at, word in enumerate(words) if word.key == "too"), len(words))
    opposite = OPPOSITES.get(words[at + 1].key) if at + 1 < len(words) else None
    if opposite is None and keys(words[at + 1 : at + 2]) in (("much",), ("many",)):
        return at + 2 < len(words) and _emphasis(draft, text, (LESS, *words[at + 2 :]))
    if opposite is None:
        return (
            at + 2 == len(words)
            and words[at + 1].key in draft.world.colours
            and _emphasis(draft, text, (LESS, words[at + 1]))
        )
    found = draft.view.reference(words)
    named = found if found and found.things and words[0].key not in ("it", "this", "that") else Reference("picture", 0)
    return give(draft, named, [Look(opposite, shade=opposite in english.SHADES)])
