"""What a person takes back while speaking: of 'red, no wait, blue' only 'blue' is meant."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.offline import english
from agent.offline.clauses import bare, verb
from agent.offline.counts import NUMBERS
from agent.offline.lexicon import Lexicon
from agent.offline.tokens import Token, keys, tokens
from tools.nouns import one

MEANT = r"(?:i mean|i meant|make (?:that|it)|make that|rather|actually|sorry|wait|better|let's say|perhaps|maybe)"
STRONG = (
    rf"(?:no|wait|sorry|oops|or|hm+|well|ah|oh|actually|not that)(?:[,.… ]+(?:no|wait|sorry|actually|rather|{MEANT}))+|"
    r"i mean|i meant|or rather|scratch that|strike that|correction|no no|i take that back|forget that|my mistake|my bad"
)
WEAK = r"no|sorry|actually|wait|rather|make that|or better|better|well|nah|nope"
MARK = re.compile(
    rf"(?:[\s,;.!…–—-]+(?:{STRONG})[,.…:!]*\s+|(?:,|\.\.+|…|–|—| -|"
    rf"[.!](?=\s+no,))\s*(?:{WEAK})(?:,|\.\.+|…|:)\s+)(?=\w)",
    re.IGNORECASE,
)
DOING = frozenset({"make", "add", "remove", "draw", "replace", "swap", "use"})
SOFT = english.words("no not with without have want do let be call plus i'd i")
"""Verbs that begin what is meant as well as a command."""
BROKEN = r"[.!?]\s+"
NAMED_AGAIN = re.compile(
    r"\b(?:an?|one) (?P<noun>[\w-]+)(?:[,.!…–-]+| -) *(?P<again>(?:an?|one) (?:[\w-]+ ){1,4}(?P=noun)\b)", re.IGNORECASE
)
"""'a door, a red door'."""


def repaired(text: str, world: Lexicon) -> str:
    """With only what is meant in the end."""
    text = NAMED_AGAIN.sub(lambda found: found["again"], text)
    for _ in range(3):
        found = MARK.search(text)
        if found is None or not bare(tokens(text[: found.start()])):
            return text
        meant = _mended(text[: found.start()].rstrip(" ,.-–—…"), text[found.end() :], world)
        if meant == text:
            return text
        text = meant
    return text


def _mended(before: str, after: str, world: Lexicon) -> str:
    """`after` takes the place of what it corrects in the last sentence before it."""
    cut = max((found.end() for found in re.finditer(BROKEN, before)), default=0)
    first, last = before[:cut], before[cut:]
    old, new = tokens(last), bare(tokens(after))
    if not new or not old:
        return f"{first}{after}"
    asked, size = verb(new)
    if asked in DOING and new[0].key not in SOFT and size < len(new):
        return f"{first}{after}"
    at = _place(old, new, world)
    if at is None:
        return f"{first}{after}" if len(new) > 1 or verb(old)[0] is None else f"{first}{last}, {after}"
    tail = last[old[at].end :] if _single(new, world) else ""
    rest = after[new[0].end :] if tail else after[new[0].start :]
    return f"{first}{last[: old[at].start]}{new[0].text + tail + rest if tail else rest}"


def _single(new: Sequence[Token], world: Lexicon) -> bool:
    """One describing word that takes another's place before the same noun."""
    alone = len(new) == 1 or not new[1].is_word or new[1].key in english.CONJUNCTIONS
    return alone and _sort(new[0], world) in ("colour", "number", "adjective")


def _place(old: Sequence[Token], new: Sequence[Token], world: Lexicon) -> int | None:
    """The word of `old` from which on `new` corrects it: the last one of the same sort as its first word."""
    sort = _sort(new[0], world)
    places = [at for at, word in enumerate(old) if _sort(word, world) == sort]
    same = [at for at in places if old[at].key == new[0].key and sort == "preposition"]
    if same or (places and sort != "noun"):
        return (same or places)[-1]
    if sort == "noun":
        alike = [at for at in places if one(old[at].key) == one(new[-1].key)]
        return (alike or places or [None])[-1]
    if sort == "number":
        articles = [at for at, word in enumerate(old) if word.key in english.ARTICLES]
        return articles[-1] if articles else None
    return None


def _sort(word: Token, world: Lexicon) -> str:
    key = word.key
    tables: dict[str, bool] = {
        "colour": key in world.colours,
        "number": key in NUMBERS or key.isdecimal(),
        "determiner": key in english.DETERMINERS,
        "preposition": key in english.PREPOSITIONS,
        "adjective": key in world.adjectives or key in english.COMPARED,
        "verb": verb((word,))[0] is not None,
        "sign": not word.is_word,
    }
    return next((name for name, so in tables.items() if so), "noun")


def corrected(text: str, world: Lexicon) -> str:
    """'no, a camel' and 'I meant green' correct the picture itself: 'a camel instead'."""
    found = CORRECTING.match(text)
    if found is None:
        return text
    rest = text[found.end() :].rstrip(" .!?")
    words = tokens(rest)
    plain = all(word.is_word and word.key not in english.PREPOSITIONS | english.CONJUNCTIONS for word in words)
    starts = _sort(words[0], world) in ("determiner", "number") and words[0].key not in (
        "the",
        "no",
        "any",
        "more",
        "another",
    )
    late = {"too", "also", "instead", "please", "one", "more"} & set(keys(words))
    return f"{rest} instead" if plain and starts and not late and 1 < len(words) <= 6 else text


CORRECTING = re.compile(
    r"(?:(?:no|nope|nah|not that)[,.!]+ *(?:no[,.! ]+)*|no (?=(?:two|three|four|five|six|seven|"
    r"eight|nine|ten|\d+) (?!more))|"
    r"(?:no[,.!]* )?(?:i|we) (?:meant|mean|said|asked for|wanted|was thinking of)(?: to (?:say|have))? |"
    r"(?:it|that|this) (?:should|was (?:supposed|meant) to|ought to|must) (?:be|have been) (?=an? ))(?=\w)",
    re.IGNORECASE,
)
