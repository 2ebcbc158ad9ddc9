"""What a wish asks for, part by part: each thing, place and manner in its own words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

from knowledge.problems import Problem
from tools.rewrite import dropped

JOINT = re.compile(
    r"[,;:.!?()\n]+|\b(?:in the style of|in front of|to the (?:left|right) of|made of|next to|above|across|against|and"
    r"|at|behind|below|beside|between|by|inside|in|near|on|or|over|plus|under|while|without|with)\b",
    re.IGNORECASE,
)
"""Where one part ends and the next begins."""
LEADING = re.compile(r"^(?:a|an|the|some|one|his|her|its|their|my|of|to)\s+", re.IGNORECASE)
MOST = 8
LONGEST_PART = 200
FEW = 3
"""Words that are looked for as one, and are not worth a call of a model."""


class WishSplitter(Protocol):
    """Says what a wish asks for, phrase by phrase, as a chat model can; raises `Problem` where it cannot."""

    def split(self, wish: str) -> tuple[str, ...]: ...


def parts(wish: str) -> tuple[str, ...]:
    """The phrases of a wish without their articles, each once; the whole wish where it is one phrase."""
    phrases = (LEADING.sub("", piece.strip()) for piece in JOINT.split(wish))
    found = tuple(dict.fromkeys(phrase for phrase in phrases if re.search(r"[^\W_]{2}", phrase)))
    return found[:MOST] or (wish.strip(),)


def split(wish: str, splitter: WishSplitter | None) -> tuple[tuple[str, ...], str]:
    """
    The parts by the splitter, and those of its own phrases that it left out; without one, or where it cannot help, the
    phrases alone, and why.
    """
    plain = parts(wish)
    if splitter is None or (len(plain) == 1 and len(wish.split()) <= FEW):
        return plain, ""
    try:
        said = phrases(splitter.split(wish))
    except Problem as problem:
        return plain, str(problem)
    return (*said, *(part for part in plain if not said_in(part, ". ".join(said)))), ""


def phrases(said: Iterable[str]) -> tuple[str, ...]:
    """What of a stranger's phrases can be looked for, each once."""
    tidied = dict.fromkeys(LEADING.sub("", " ".join(one.split()))[:LONGEST_PART] for one in said)
    return tuple(one for one in tidied if re.search(r"[^\W_]{2}", one))[:MOST]


def said_in(part: str, text: str) -> bool:
    """Whether the text says most telling words of the part."""
    return 2 * len(dropped(part, text)) <= len(dropped(part, ""))
