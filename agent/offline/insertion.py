"""Putting something new into a prompt, where a person would have said it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from agent.offline import english
from agent.offline.counts import article
from agent.offline.edits import spliced
from agent.offline.lexicon import Lexicon
from agent.offline.phrases import Phrase, Setting, Style, Tag, Thing
from agent.offline.reading import is_determiner, read
from agent.offline.removal import OWNED
from agent.offline.tokens import tokens


def with_article(said: str, world: Lexicon) -> str:
    """'moon' as 'a moon'; what is many or has its own determiner stays."""
    found = tokens(said)
    if not found or is_determiner(found[0]):
        return said
    thing = next((phrase for phrase in read(f"a {said}", world) if isinstance(phrase, Thing)), None)
    plural = thing is not None and thing.name != " ".join(word.key for word in thing.noun)
    return said if plural or (thing and thing.head in UNCOUNTED) else f"{article(said)} {said}"


UNCOUNTED = english.words(
    "snow rain fog grass water sand fire smoke light lighting hair fur glasses sunglasses people text "
    "sunshine mist food bread freckles makeup jewellery armour clothing thunder lightning wind ice"
)


def added(prompt: str, said: str, world: Lexicon) -> str:
    """With one more thing, after the others: tied by 'and' in a sentence, by a comma in a list of tags."""
    phrases = read(prompt, world)
    anchor = anchored(phrases)
    if anchor is None and phrases and all(isinstance(phrase, Setting | Style) for phrase in phrases):
        return f"{said} {prompt}"
    if anchor is None:
        return f"{prompt.rstrip(' ,')}, {said}" if prompt.strip() else said
    if not _is_list(phrases, prompt):
        return spliced(prompt, [(anchor.end, anchor.end, f" and {said}")])
    end = _run_end(prompt, anchor.end)
    return spliced(prompt, [(end, end, f", {said}")])


def anchored(phrases: Sequence[Phrase]) -> Thing | None:
    """The last of the things that the prompt is about."""
    first = next((at for at, phrase in enumerate(phrases) if isinstance(phrase, Thing)), None)
    last: Thing | None = None
    for phrase in phrases[first:] if first is not None else ():
        if not isinstance(phrase, Thing):
            break
        last = phrase
    return last


def _is_list(phrases: Sequence[Phrase], prompt: str) -> bool:
    tagged = any(isinstance(phrase, Tag) for phrase in phrases[_medium(phrases) :])
    owned = any(
        isinstance(phrase, Thing) and phrase.lead and phrase.lead[0].key in OWNED - {"of"} for phrase in phrases
    )
    chained = any(
        phrase.lead and phrase.lead[0].key == "of" and not isinstance(before, Tag)
        for before, phrase in pairwise(phrases)
    )
    return tagged or owned or chained or "(" in prompt or "<" in prompt


def _medium(phrases: Sequence[Phrase]) -> int:
    """1 where the first words say what the whole is: 'a picture of'."""
    first = phrases[0] if phrases else None
    return int(isinstance(first, Tag) and first.words[-1].key in english.MEDIA)


def _run_end(prompt: str, end: int) -> int:
    """The end of the words between two commas, weights and brackets included."""
    depth = 0
    for at in range(end, len(prompt)):
        depth += (prompt[at] in "([") - (prompt[at] in ")]")
        if prompt[at] in ",\n;" and depth <= 0:
            return at
    return len(prompt.rstrip(" ."))


def beside(prompt: str, thing: Thing, said: str, relation: str) -> str:
    """'a moon above' before the thing it is said of."""
    return spliced(prompt, [(thing.start, thing.start, f"{said} {relation} ")])


def owning(prompt: str, thing: Thing, said: str, world: Lexicon, relation: str = "with") -> str:
    """The thing 'with' something; after what it has already, 'and' something."""
    phrases = list(read(prompt, world))
    end = thing.words[-1].end
    rest = [phrase for phrase in phrases if phrase.start > thing.start]
    while (
        rest
        and rest[0].lead
        and rest[0].lead[0].key in OWNED - {"of"}
        and not prompt[end : rest[0].lead[0].start].strip()
    ):
        end, relation = rest.pop(0).end, "and"
    return spliced(prompt, [(end, end, f" {relation} {said}")])


def tagged(prompt: str, tag: str, world: Lexicon) -> str:
    """With words of their own between commas, before those of a style at the end."""
    phrases = read(prompt, world)
    if tag.lower() in (phrase.key for phrase in phrases):
        return prompt
    last = phrases[-1] if phrases else None
    before = prompt[: last.start].rstrip() if isinstance(last, Style) else ""
    if before.endswith(","):
        return f"{before} {tag}, {prompt[last.start :]}" if last else prompt
    return f"{prompt.rstrip(' ,')}, {tag}"
