"""What lore adds to a wish, and where: right after the word it explains."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from knowledge.base import Hit
from knowledge.records import Lore
from tools.mentions import Span, mentions, overlaps
from tools.nouns import many

BOUNDARY = re.compile(
    r"[^\w\s'-]|\b(?:a|an|the|and|or|with|without|of|to|in|on|at|under|over|above|below|by|near|beside|behind|next"
    r"|from|into|inside|between|through|during|one|two|three|four|five|some|many)\b",
    re.IGNORECASE,
)
"""Where one thing of a wish ends and the next begins."""


@dataclass(frozen=True)
class Addition:
    """`words` go after each of the spans of the wish, because of one record of lore."""

    hit: Hit
    words: str
    spans: tuple[Span, ...]


def additions(wish: str, hits: Iterable[Hit]) -> list[Addition]:
    """What the lore among the hits adds. The longest terms are served first, and no letter is explained twice."""
    lore = [(term, hit, hit.record) for hit in hits if isinstance(hit.record, Lore) for term in hit.record.terms]
    claimed: list[Span] = []
    spans: dict[tuple[str, str, str], list[Span]] = {}
    found: dict[tuple[str, str, str], Hit] = {}
    for term, hit, record in sorted(lore, key=lambda entry: -len(entry[0])):
        fresh = [span for span in mentions(wish, term) if not overlaps(span, claimed)]
        claimed += fresh
        needed = [span for span in fresh if record.adds.strip() and not already_said(wish, span, record.adds)]
        for span in needed:
            key = (hit.collection, record.id, as_many(record.adds.strip(), wish[slice(*span)], term))
            found[key] = hit
            spans.setdefault(key, []).append(span)
    return [Addition(hit, key[2], tuple(spans[key])) for key, hit in found.items()]


def as_many(adds: str, said: str, term: str) -> str:
    """A single word in the plural where the term was `said` in it: "toadstools" are "mushrooms"."""
    return many(adds) if adds.isalpha() and len(said) > len(term) else adds


def already_said(wish: str, span: Span, adds: str) -> bool:
    """
    Whether the wish says `adds` of the thing at `span`: a place ("in the snow") anywhere, any other word near by.

    In "a red car and a crimson boat" the red is the car's, so the boat still lacks it.
    """
    if BOUNDARY.search(adds):
        return bool(mentions(wish, adds))
    start = max((match.end() for match in BOUNDARY.finditer(wish, 0, span[0])), default=0)
    after = BOUNDARY.search(wish, span[1])
    return bool(mentions(wish[start : after.start() if after else None], adds))


def phrases(wish: str) -> list[str]:
    """What stands between the boundaries: of "a red car and a crimson boat", "red car" and "crimson boat"."""
    return [phrase for said in BOUNDARY.split(wish) if (phrase := said.strip())]


def inserted(wish: str, chosen: Sequence[Addition]) -> str:
    """
    The wish with every addition in its place; all its own words stay, in their order.

    A word's other name follows it; a description of several words comes last, so that it breaks no sentence.
    """
    beside = [addition for addition in chosen if not describes(addition.words)]
    points = sorted(((end, addition.words) for addition in beside for _, end in addition.spans), reverse=True)
    for end, words in points:
        wish = f"{wish[:end]} {words}{wish[end:]}"
    last = ", ".join(addition.words for addition in chosen if describes(addition.words))
    between = " " if wish.endswith((".", ",", ";", ":", "!", "?")) else ", "
    return f"{wish}{between}{last}" if last else wish


def describes(words: str) -> bool:
    return len(BOUNDARY.sub(" ", words).split()) > 1
