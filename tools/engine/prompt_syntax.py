"""Attention in a prompt as people write it: `(more)`, `[less]`, `(this much:1.3)` and `BREAK`; knows no tokens."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

MOST = 4.0
"""The strongest weight, of either sign, as of a LoRA in a recipe: pictures fall apart well before it, and the states
that it multiplies stay far from the end of half precision."""
STRONGER = 1.1
"""What a pair of round brackets multiplies by and a pair of square ones divides by (AUTOMATIC1111's web UI)."""
OPENER = {")": "(", "]": "["}

# of at most MOST; possessive throughout, so that no prompt takes quadratic time
_NUMBER = r"[+-]?+(?:[0-3](?:\.[0-9]*+)?+|\.[0-9]++|4(?:\.0*+)?+)"
_TOKEN = re.compile(rf"\\[()\[\]]|:\s*+{_NUMBER}\s*+\)|\bBREAK\b|[()\[\]]|[^\\()\[\]:B]++|.", re.DOTALL)


@dataclass(frozen=True)
class Piece:
    """Some of a prompt's words, and how much more than others they count; 1 is as written."""

    text: str
    weight: float


def parse(prompt: str) -> tuple[tuple[Piece, ...], ...]:
    """The pieces of each section of the prompt, without the syntax; `BREAK` parts one section from the next.

    Brackets nest and multiply. A bracket that has no partner, one after a backslash, and a number beyond ±4 are text;
    sections of nothing but space are left out, unless there are no others.
    """
    tokens = _TOKEN.findall(prompt)
    factors = _factors(tokens)
    sections: list[list[tuple[float, str]]] = [[]]
    weights = [1.0]
    for place, token in enumerate(tokens):
        if token == "BREAK":
            sections.append([])
        elif place not in factors:
            sections[-1].append((weights[-1], _plain(token)))
        elif token in OPENER.values():
            weights.append(max(-MOST, min(weights[-1] * factors[place], MOST)))
        else:
            weights.pop()
    written = [section for section in sections if any(text.strip() for _, text in section)]
    return tuple(_pieces(section) for section in written or sections[:1])


def _factors(tokens: Sequence[str]) -> dict[int, float]:
    """By place, every bracket that has a partner, and what the pair multiplies by.

    A closing bracket takes the nearest open one of its kind; those opened in between stay open for ever.
    """
    found: dict[int, float] = {}
    opened: list[int] = []
    waiting: Counter[str] = Counter()
    for place, token in enumerate(tokens):
        if token in OPENER.values():
            opened.append(place)
            waiting[token] += 1
            continue
        opener = OPENER.get(token[-1]) if token[0] != "\\" else None
        while opener and waiting[opener]:
            nearest = opened.pop()
            waiting[tokens[nearest]] -= 1
            if tokens[nearest] == opener:
                found[nearest] = found[place] = _factor(token)
                break
    return found


def _factor(closing: str) -> float:
    match closing:
        case "]":
            return 1 / STRONGER
        case ")":
            return STRONGER
        case _:
            return float(closing[1:-1])


def _plain(token: str) -> str:
    return token[1:] if len(token) == 2 and token[0] == "\\" else token


def _pieces(section: Sequence[tuple[float, str]]) -> tuple[Piece, ...]:
    runs = groupby(section, key=itemgetter(0))
    return tuple(Piece("".join(text for _, text in run), weight) for weight, run in runs)
