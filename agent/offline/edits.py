"""Changes of one thing in a prompt: its colour, its look, its number, what it is; every other letter stays."""

from __future__ import annotations

from collections.abc import Sequence

from agent.offline import english
from agent.offline.counts import NUMBERS, article
from agent.offline.lexicon import Lexicon
from agent.offline.phrases import Thing
from agent.offline.tokens import Token, keys, tokens, written
from tools.nouns import many, one

Edit = tuple[int, int, str]
"""What to put between two places of the text."""
AFTER_COLOUR = ("material", "pattern")


def spliced(text: str, edits: Sequence[Edit]) -> str:
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def edited(prompt: str, thing: Thing, edits: Sequence[Edit]) -> str:
    """With the edits, and 'a' or 'an' as the word that follows it now wants."""
    made = spliced(prompt, edits)
    for word in thing.determiners:
        if word.key in english.ARTICLES and made[word.start : word.end] == word.text:
            right = article(made[word.end :].lstrip())
            said = right.capitalize() if word.text[0].isupper() else right
            return made[: word.start] + said + made[word.end :]
    return made


def colour_words(thing: Thing, world: Lexicon) -> tuple[Token, ...]:
    """The words of the thing's colour, its shade among them: 'dark blue', 'black and white'."""
    places = [at for at, word in enumerate(thing.adjectives) if word.key in world.colours]
    if not places:
        return ()
    first, last = places[0], places[-1]
    while first and thing.adjectives[first - 1].key in english.SHADES | english.TINTS:
        first -= 1
    return thing.adjectives[first : last + 1]


def weighed_colour(prompt: str, thing: Thing, world: Lexicon) -> tuple[Token, ...]:
    """The colour in brackets right before the thing: 'a (red:1.2) house'."""
    if thing.words[0] is not thing.noun[0] or not prompt[: thing.start].rstrip().endswith((")", "]")):
        return ()
    inside = prompt.rfind("(", 0, thing.start), prompt.rfind("[", 0, thing.start)
    words = [word for word in tokens(prompt) if max(inside) < word.start < thing.start and word.text[0].isalpha()]
    return tuple(words) if words and all(word.key in world.colours | english.SHADES for word in words) else ()


def recoloured(prompt: str, thing: Thing, colour: str, world: Lexicon) -> str:
    old = colour_words(thing, world) or weighed_colour(prompt, thing, world)
    if old:
        return edited(prompt, thing, [(old[0].start, old[-1].end, colour)])
    start = next((word.start for word in thing.adjectives if _group(word.key, world) in AFTER_COLOUR), None)
    place = thing.noun[0].start if start is None else start
    return edited(prompt, thing, [(place, place, f"{colour} ")])


def _group(key: str, world: Lexicon) -> str:
    return world.adjectives.get(key, "")


def described(prompt: str, thing: Thing, adjective: str, world: Lexicon) -> str:
    """With the adjective, in place of one that says another thing of the same sort (big for small)."""
    group = _group(adjective.split()[-1].lower(), world)
    if adjective.lower() in keys(thing.adjectives):
        return prompt
    for word in thing.adjectives:
        if group and _group(word.key, world) == group and group not in ("finish", "light"):
            return edited(prompt, thing, [(word.start, word.end, adjective)])
    colour = colour_words(thing, world)
    inner = thing.adjectives[0] if thing.adjectives else thing.noun[0]
    if group in AFTER_COLOUR:
        inner = thing.noun[0]
    elif not group and colour:
        inner = colour[0]
    return edited(prompt, thing, [(inner.start, inner.start, f"{adjective} ")])


def shaded(prompt: str, thing: Thing, shade: str, world: Lexicon) -> str:
    """'darker': its colour gets the shade; a thing without a colour gets the word itself."""
    colour = colour_words(thing, world)
    if not colour:
        return described(prompt, thing, shade, world)
    plain = [word for word in colour if word.key not in english.SHADES] or list(colour)
    return edited(prompt, thing, [(colour[0].start, plain[0].start, f"{shade} ")])


def without_words(prompt: str, thing: Thing, names: Sequence[str], world: Lexicon) -> str:
    """Without these adjectives or colours."""
    gone = [word for word in thing.adjectives if word.key in names]
    ends = [_next_start(thing, word) for word in gone]
    return edited(prompt, thing, [(word.start, end, "") for word, end in zip(gone, ends, strict=True)])


def _next_start(thing: Thing, word: Token) -> int:
    return next(other.start for other in thing.words if other.start > word.start)


def counted(prompt: str, thing: Thing, count: int) -> str:
    """As many of them: determiner and noun follow."""
    head = thing.noun[-1]
    noun = one(head.text) if count == 1 else head.text if one(head.key) != head.key else many(head.text)
    amount = "a" if count == 1 else NUMBERS[count] if count < len(NUMBERS) else str(count)
    change: list[Edit] = [(head.start, head.end, noun)]
    if not thing.determiners:
        rest = spliced(prompt, change)[thing.start :]
        return spliced(prompt, [*change, (thing.start, thing.start, f"{article(rest) if count == 1 else amount} ")])
    first, last = thing.determiners[0], thing.determiners[-1]
    if count == 1:
        following = (*thing.adjectives, *thing.noun)[0].text
        amount = article(following)
    said = amount.capitalize() if first.text[0].isupper() else amount
    return spliced(prompt, [*change, (first.start, last.end, said)])


def renamed(prompt: str, thing: Thing, new: str, words: Thing, world: Lexicon) -> str:
    """
    Another thing in its place: `new` as said, read as `words`.

    What is not said of the new one stays as it was of the old one: how many there are of it, and its colour, unless
    it has one by nature.
    """
    colour = (
        ""
        if colour_words(words, world) or words.name in english.COLOURED
        else written(prompt, colour_words(thing, world))
    )
    count = thing.count if words.count in (None, 1) and thing.count and thing.count > 1 else None
    described_as = written(new, words.adjectives)
    noun = written(new, words.noun)
    if count:
        noun = noun if one(words.noun[-1].key) != words.noun[-1].key else many(noun)
    body = " ".join(part for part in (described_as, colour, noun) if part)
    old = thing.determiners
    if words.count and words.count > 1:
        body = f"{written(new, words.determiners)} {body}"
        return spliced(prompt, [(thing.start, thing.words[-1].end, body)])
    if old and not count and words.count == 1 and old[0].key not in english.ARTICLES:
        body = f"{article(body)} {body}"
        return spliced(prompt, [(thing.start, thing.words[-1].end, body)])
    start = (*thing.adjectives, *thing.noun)[0].start
    return edited(prompt, thing, [(start, thing.words[-1].end, body)])
